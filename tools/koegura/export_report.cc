#include "export_report.h"

#include <array>
#include <string_view>

#include "call_text.h"
#include "json.h"
#include "quantity_text.h"
#include "text_width.h"
#include "time_text.h"

namespace koegura::tools {

namespace {

constexpr std::array kHeadings = {"通話ID / Call ID",
                                  "開始 / Start",
                                  "終了 / End",
                                  "通話秒数 / Talk (s)",
                                  "発信者 / Caller",
                                  "発信者部署 / Caller's department",
                                  "発信者氏名 / Caller's name",
                                  "着信者 / Callee",
                                  "着信者部署 / Callee's department",
                                  "着信者氏名 / Callee's name",
                                  "応答者 / Answered by",
                                  "状態 / State",
                                  "方向 / Direction",
                                  "台帳番号 / Ledger entry",
                                  "原本 / File SHA-256",
                                  "記録 / Record SHA-256",
                                  "音声 / Audio SHA-256",
                                  "結果 / Result"};

// A spreadsheet calculates what begins with one of these, and what was on the wire is anybody's
// text: an apostrophe before it makes it text.
std::string harmless(std::string_view text) {
  const bool is_formula =
      !text.empty() && std::string_view("=+-@\t\r|").find(text.front()) != std::string_view::npos;
  return (is_formula ? "'" : "") + std::string(text);
}

std::string csv_line(const ReportRow& fields) {
  std::string line;
  for (const std::string& field : fields) {
    line += line.empty() ? "\"" : ",\"";
    for (const char c : harmless(printable(field))) line += c == '"' ? "\"\"" : std::string(1, c);
    line += '"';
  }
  return line + "\r\n";
}

std::string name_of(const Party& party) {
  return party.person().empty() ? party.name() : party.person();
}

std::string shown_number(const Party& party, const std::string& region) {
  if (!party.number().empty()) return number_text(party, region);
  return party.withheld().empty() ? party.raw() : party.withheld();
}

}  // namespace

ReportRow report_row(const CallRecord& record, const ArchivedCallEntry& archived,
                     const std::string& damage, const std::string& region) {
  constexpr unsigned kTenths = 1;
  return {record.id(),
          local_time(time_of(record.start())),
          record.has_end() ? local_time(time_of(record.end())) : "",
          decimal_text(record.talk_s(), kTenths),
          shown_number(record.caller(), region),
          record.caller().department(),
          name_of(record.caller()),
          shown_number(record.callee(), region),
          record.callee().department(),
          name_of(record.callee()),
          record.has_answered_by() ? party_text(record.answered_by(), region) : "",
          record.state(),
          record.direction(),
          std::to_string(archived.sequence()),
          archived.file_sha256(),
          archived.record_sha256(),
          record.audio().sha256(),
          damage.empty() ? "提供 / exported" : "破損のため除外 / damaged, not exported: " + damage};
}

std::string export_report(const ExportFacts& facts, const std::vector<ReportRow>& rows) {
  std::string csv = "\uFEFF";
  csv += csv_line({"通話録音提供記録 / Provision of call recordings"});
  csv += csv_line({"名称 / Bundle", facts.bundle});
  csv += csv_line({"作成日時 / Made", facts.time});
  csv += csv_line({"作成者 / Made by", facts.who});
  csv += csv_line({"理由 / Reason", facts.reason});
  csv += csv_line({"根拠 / Ground", facts.ground});
  csv += csv_line({"提供先 / Recipient", facts.recipient});
  csv += csv_line({"件数 / Calls", std::to_string(rows.size())});
  csv += csv_line({""});
  csv += csv_line({kHeadings.begin(), kHeadings.end()});
  for (const ReportRow& row : rows) csv += csv_line(row);
  return csv;
}

}  // namespace koegura::tools
