// api_access: what a request to the recorder is for, and its entry in the ledger.
#pragma once

#include <string>
#include <string_view>

#include "api_answer.h"
#include "capture/error.h"
#include "record.pb.h"
#include "store/archive.h"

namespace koegura::tools {

// What a query says of why it asks.
struct AskedFor {
  std::string action;  // empty: nothing
  std::string reason;
  std::string rest;  // of the query
};
[[nodiscard]] Result<AskedFor> asked_for(std::string_view target);

// Of these a reason may be asked for (access.reason).
[[nodiscard]] bool is_reason_asked(std::string_view action);
[[nodiscard]] Error no_reason();

// Soon: a search by the names of its filters, a look at a call's record. Nothing, if it is for what
// has an entry of its own.
void note_search(const AskedFor& asked, const store::CallFilter& filter, const ApiRequest& request,
                 const ApiContext& context);
void note_look(const AskedFor& asked, const CallRecord& record, const ApiRequest& request,
               const ApiContext& context);
// On disk when it returns: before a byte of the call's file is given.
[[nodiscard]] Result<void> enter_file(const AskedFor& asked, const CallRecord& record,
                                      const ApiRequest& request, const ApiContext& context);

}  // namespace koegura::tools
