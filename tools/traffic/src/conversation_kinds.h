// The kinds of conversations: one row a kind. To add one: an enumerator in traffic.h, a row and a
// function in conversation_kinds.cc.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "story.h"

namespace koegura::traffic {

struct ConversationRow {
  ConversationKind kind;
  std::string_view name;
  std::uint32_t weight;  // how often it is drawn
  void (*tell)(Story& story);
};

[[nodiscard]] std::span<const ConversationRow> conversation_rows();

}  // namespace koegura::traffic
