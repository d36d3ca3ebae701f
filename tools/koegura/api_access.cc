#include "api_access.h"

#include <algorithm>
#include <utility>

#include "call_query.h"
#include "store/user_name.h"
#include "text_width.h"

namespace koegura::tools {

namespace {

constexpr std::string_view kSearch = "calls";
constexpr std::string_view kShow = "show";

LedgerEntry access_entry(const ApiRequest& request, std::string_view action) {
  LedgerEntry entry;
  entry.set_kind("access");
  entry.set_who(store::user_name(request.peer.uid));
  entry.set_action(std::string(action));
  return entry;
}

}  // namespace

Result<AskedFor> asked_for(std::string_view target) {
  constexpr std::size_t kMostReason = 1000;
  AskedFor asked;
  const std::size_t query = target.find('?');
  target = query == std::string_view::npos ? std::string_view() : target.substr(query + 1);
  while (!target.empty()) {
    const std::string_view pair = target.substr(0, target.find('&'));
    target.remove_prefix(std::min(target.size(), pair.size() + 1));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view name = pair.substr(0, equals);
    if (name != "for" && name != "reason") {
      asked.rest += (asked.rest.empty() ? "" : "&") + std::string(pair);
      continue;
    }
    auto value = percent_decoded(pair.substr(std::min(equals + 1, pair.size())));
    if (!value) return tl::make_unexpected(std::move(value.error()));
    if (value->size() > kMostReason || printable(*value) != *value) {
      return failure(std::string(name) + ": too long, or no text", ErrorKind::kUsage);
    }
    (name == "for" ? asked.action : asked.reason) = std::move(*value);
  }
  return asked;
}

bool is_reason_asked(std::string_view action) {
  return action != "ladder" && action != kShow && action != kSearch;
}

Error no_reason() {
  return {"a reason is asked for here (access.reason): say it with --reason", ErrorKind::kUsage};
}

void note_search(const AskedFor& asked, const store::CallFilter& filter, const ApiRequest& request,
                 const ApiContext& context) {
  if (!asked.action.empty() && asked.action != kSearch) return;
  LedgerEntry entry = access_entry(request, kSearch);
  for (std::string& name : filter_names(filter)) entry.add_filters(std::move(name));
  context.state.archive().note(entry);
}

void note_look(const AskedFor& asked, const CallRecord& record, const ApiRequest& request,
               const ApiContext& context) {
  if (!asked.action.empty() && asked.action != kShow) return;
  LedgerEntry entry = access_entry(request, kShow);
  entry.set_call(record.id());
  context.state.archive().note(entry);
}

Result<void> enter_file(const AskedFor& asked, const CallRecord& record, const ApiRequest& request,
                        const ApiContext& context) {
  const std::string action = asked.action.empty() ? "file" : asked.action;
  if (context.needs_reason && asked.reason.empty() && is_reason_asked(action)) {
    return tl::make_unexpected(no_reason());
  }
  ArchiveChange change;
  Access& access = *change.mutable_access();
  access.add_calls(record.id());
  access.set_action(action);
  access.set_reason(asked.reason);
  return context.state.archive()
      .change(change, store::user_name(request.peer.uid))
      .map([](const ArchiveChanged&) {});
}

}  // namespace koegura::tools
