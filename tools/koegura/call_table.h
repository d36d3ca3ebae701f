// CallTable: calls, or conversations, as rows of aligned columns, printed while they come.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "leg_marks.h"
#include "output.pb.h"
#include "record.pb.h"

namespace koegura::tools {

//   add* finish
//
// The columns are sized by the first rows and then stay: a list of millions needs no memory.
class CallTable {
 public:
  using Print = std::function<void(const std::string& line)>;
  enum class Of : unsigned char { kCalls, kConversations };

  // A line is made to fit into `columns` as far as it can be; 0 = as wide as it is, nothing
  // clipped.
  CallTable(Of of, std::string region, std::size_t columns, Print print);
  void add(const CallRecord& record);    // of calls
  void add(const ConversationRow& row);  // of conversations
  void finish();

 private:
  struct Row {
    std::string start;
    std::string direction;
    std::string caller;
    std::string callee;
    std::string answered_by;  // of conversations
    std::string state;
    std::string talk;
    std::string id;
    std::string mark;  // of a leg, see LegMarks
    std::string tags;  // with their "#"
  };
  struct Widths {
    std::size_t start;
    std::size_t direction;
    std::size_t caller;
    std::size_t callee;
    std::size_t answered_by;
    std::size_t state;
    std::size_t talk;
  };

  void add(Row row);
  void size_columns();
  void fit();
  [[nodiscard]] std::size_t width() const;
  [[nodiscard]] std::string line(const Row& row, bool is_heading) const;

  Of of_;
  std::string region_;
  std::size_t columns_;
  Print print_;
  std::vector<Row> waiting_;  // the first rows, until the columns are sized
  Widths widths_{};
  LegMarks marks_;
  bool sized_ = false;
};

}  // namespace koegura::tools
