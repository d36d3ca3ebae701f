// Holds: which calls are held for a case, and must not be erased. DIR/holds.jsonl (hold.proto) as
// text and as an answer to "is this call held?". No I/O.
//
// Threads: what is made is not changed: free-threaded.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "capture/error.h"
#include "hold.pb.h"
#include "record.pb.h"
#include "store/archive.h"

namespace koegura::store {

[[nodiscard]] inline std::string holds_path(const std::string& archive) {
  return archive + "/holds.jsonl";
}

// Without its line feed: the bytes that the ledger has the hash of.
[[nodiscard]] Result<std::string> hold_line(const Hold& hold);
[[nodiscard]] std::string hold_hash(std::string_view line);  // hexadecimal
// Of a file's whole text; an error says which line.
[[nodiscard]] Result<std::vector<Hold>> parse_holds(std::string_view text);
[[nodiscard]] Result<std::string> holds_text(std::span<const Hold> holds);

// Sorted; none if it asks for no conversation.
[[nodiscard]] std::vector<std::string> legs_meant_by(const HoldFilter& filter);

class Holds {
 public:
  Holds() = default;
  Holds(std::vector<Hold> holds, const std::string& region);

  [[nodiscard]] bool empty() const { return holds_.empty(); }
  [[nodiscard]] const std::vector<Hold>& list() const { return holds_; }
  // Null if the case holds nothing.
  [[nodiscard]] const Hold* find(std::string_view name) const;
  // The cases for which any of these legs is held: of all legs of one conversation, in order.
  [[nodiscard]] std::vector<std::string> cases_of(std::span<const CallRecord> legs) const;

 private:
  // Of all legs of a conversation, in order.
  struct HeldFilter {
    std::vector<std::string> legs{};  // sorted: the conversation has one of them; empty: any has
    std::function<bool(const CallRecord&)> matches;
    [[nodiscard]] bool has_one_of(std::span<const CallRecord> conversation) const;
  };
  struct Held {
    std::vector<std::string> calls{};  // sorted
    std::vector<HeldFilter> filters{};
    [[nodiscard]] bool has_one_of(std::span<const CallRecord> conversation) const;
  };
  std::vector<Hold> holds_;
  std::vector<Held> held_;  // of each
};

}  // namespace koegura::store
