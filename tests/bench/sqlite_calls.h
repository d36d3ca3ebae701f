// The same calls in SQLite, for scale: with an index for each question, in the order that its
// answer has.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include "record.h"

namespace koegura::bench {

using store::from_proto;

[[noreturn]] inline void give_up(const std::string& why) {
  std::fprintf(stderr, "search_beside_sqlite: %s\n", why.c_str());
  std::exit(1);
}

class Statement {
 public:
  Statement(sqlite3* database, const std::string& sql) : database_(database) {
    if (sqlite3_prepare_v2(database, sql.c_str(), -1, &statement_, nullptr) != SQLITE_OK) refuse();
  }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { sqlite3_finalize(statement_); }

  Statement& bind(int at, std::int64_t value) {
    return check(sqlite3_bind_int64(statement_, at, value));
  }
  Statement& bind(int at, double value) {
    return check(sqlite3_bind_double(statement_, at, value));
  }
  Statement& bind(int at, const std::string& text) {
    return check(sqlite3_bind_text(statement_, at, text.data(), static_cast<int>(text.size()),
                                   SQLITE_TRANSIENT));
  }
  Statement& bind_blob(int at, const std::string& bytes) {
    return check(sqlite3_bind_blob(statement_, at, bytes.data(), static_cast<int>(bytes.size()),
                                   SQLITE_TRANSIENT));
  }
  bool step() {
    const int got = sqlite3_step(statement_);
    if (got != SQLITE_ROW && got != SQLITE_DONE) refuse();
    return got == SQLITE_ROW;
  }
  void reset() { sqlite3_reset(statement_); }
  [[nodiscard]] std::int64_t integer() const { return sqlite3_column_int64(statement_, 0); }
  [[nodiscard]] CallRecord record() const {
    CallRecord record;
    record.ParseFromArray(sqlite3_column_blob(statement_, 0), sqlite3_column_bytes(statement_, 0));
    return record;
  }

 private:
  Statement& check(int code) {
    if (code != SQLITE_OK) refuse();
    return *this;
  }
  [[noreturn]] void refuse() const { give_up(std::string("SQLite: ") + sqlite3_errmsg(database_)); }

  sqlite3* database_;
  sqlite3_stmt* statement_ = nullptr;
};

inline std::string reversed(const std::string& text) {
  return {text.rbegin(), text.rend()};
}

// Calls by their start; a narrow index for each question, in the order that its answer has.
class Sqlite {
 public:
  explicit Sqlite(const std::string& path) {
    if (sqlite3_open(path.c_str(), &database_) != SQLITE_OK) give_up("SQLite: cannot open " + path);
    run("PRAGMA journal_mode=OFF");
    run("PRAGMA synchronous=OFF");
    run("PRAGMA cache_size=-262144");
    run("CREATE TABLE calls(at INTEGER PRIMARY KEY, state TEXT, direction TEXT, duration REAL, "
        "record BLOB)");
    run("CREATE TABLE numbers(number TEXT, at INTEGER)");
    run("CREATE TABLE departments(department TEXT, at INTEGER)");
    run("BEGIN");
    call_ = prepare("INSERT INTO calls VALUES(?,?,?,?,?)");
    number_ = prepare("INSERT INTO numbers VALUES(?,?)");
    department_ = prepare("INSERT INTO departments VALUES(?,?)");
  }
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;
  ~Sqlite() {
    for (auto* statement : {&call_, &number_, &department_}) statement->reset();
    questions_.clear();
    sqlite3_close(database_);
  }

  void add(const CallRecord& record) {
    const std::int64_t at = to_unix_ns(from_proto(record.start()));
    call_->bind(1, at)
        .bind(2, record.state())
        .bind(3, record.direction())
        .bind(4, record.duration_s());
    call_->bind_blob(5, record.SerializeAsString()).step();
    call_->reset();
    for (const Party* party : {&record.caller(), &record.callee()}) {
      number_->bind(1, party->number()).bind(2, at).step();
      number_->reset();
      if (party->department().empty()) continue;
      department_->bind(1, party->department()).bind(2, at).step();
      department_->reset();
    }
  }
  void finish() {
    run("COMMIT");
    run("CREATE TABLE by_number(number TEXT, at INTEGER, PRIMARY KEY(number, at)) WITHOUT ROWID");
    run("INSERT INTO by_number SELECT DISTINCT number, at FROM numbers ORDER BY 1, 2");
    number_.reset();
    run("CREATE TABLE by_end(reversed TEXT, at INTEGER, PRIMARY KEY(reversed, at)) WITHOUT ROWID");
    load_reversed();
    run("CREATE TABLE by_department(department TEXT, at INTEGER, PRIMARY KEY(department, at)) "
        "WITHOUT ROWID");
    run("INSERT INTO by_department SELECT DISTINCT department, at FROM departments ORDER BY 1, 2");
    department_.reset();
    run("DROP TABLE numbers");
    run("DROP TABLE departments");
    run("CREATE INDEX by_outcome ON calls(state, direction, at, duration)");
    run("CREATE INDEX by_time ON calls(at)");
    run("ANALYZE");
    run("PRAGMA cache_size=-32768");  // as the index has it
  }
  // Prepared once, as a program would.
  Statement& question(const std::string& sql) {
    std::unique_ptr<Statement>& known = questions_[sql];
    if (!known) known = prepare(sql);
    known->reset();
    return *known;
  }

 private:
  void run(const char* sql) {
    if (sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
      give_up(std::string("SQLite: ") + sqlite3_errmsg(database_));
    }
  }
  void load_reversed() {
    sqlite3_create_function(
        database_, "reversed", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, nullptr,
        [](sqlite3_context* context, int, sqlite3_value** values) {
          const std::string text =
              reversed(reinterpret_cast<const char*>(sqlite3_value_text(values[0])));
          sqlite3_result_text(context, text.data(), static_cast<int>(text.size()),
                              SQLITE_TRANSIENT);
        },
        nullptr, nullptr);
    run("INSERT INTO by_end SELECT DISTINCT reversed(number), at FROM numbers ORDER BY 1, 2");
  }
  std::unique_ptr<Statement> prepare(const std::string& sql) {
    return std::make_unique<Statement>(database_, sql);
  }

  sqlite3* database_ = nullptr;
  std::unique_ptr<Statement> call_;
  std::unique_ptr<Statement> number_;
  std::unique_ptr<Statement> department_;
  std::map<std::string, std::unique_ptr<Statement>> questions_;
};

}  // namespace koegura::bench
