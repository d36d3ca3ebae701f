#include "record_links.h"

#include "record_value.h"
#include "store/party.h"
#include "utf8.h"

namespace koegura::store {

namespace {

std::string text_of(const capture::Endpoint& hop) {
  return hop.port == 0 && hop.address.is_unspecified() ? std::string() : hop.to_string();
}

void fill_dialog(DialogId& out, const capture::DialogId& dialog) {
  out.set_call_id(to_utf8(dialog.call_id));
  out.set_to_tag(to_utf8(dialog.to_tag));
  out.set_from_tag(to_utf8(dialog.from_tag));
  out.set_early_only(dialog.early_only);
}

void fill_refer(Refer& out, const capture::Refer& refer, Timestamp start,
                const std::string& region) {
  out.set_at_s(to_seconds(refer.at - start));
  out.set_by(side_name(refer.by));
  set_party(*out.mutable_target(), refer.target, region);
  if (refer.replaces) fill_dialog(*out.mutable_replaces(), *refer.replaces);
  out.set_status(refer.status);
  if (refer.done) out.set_done_s(to_seconds(*refer.done - start));
}

void fill_names(Links& out, const capture::FinishedCall& call, const std::string& region) {
  const capture::Links& links = call.links;
  for (const std::string& id : links.session_ids) out.add_session_ids(to_utf8(id));
  if (links.replaces) fill_dialog(*out.mutable_replaces(), *links.replaces);
  out.set_referred_by(to_utf8(links.referred_by));
  for (const capture::Refer& refer : links.refers) {
    fill_refer(*out.add_refers(), refer, call.start, region);
  }
  out.set_from_tag(to_utf8(call.from_tag));
  for (const std::string& tag : links.callee_tags) out.add_callee_tags(to_utf8(tag));
  out.set_caller_hop(text_of(call.caller_hop));
  out.set_callee_hop(text_of(call.callee_hop));
}

void fill_fingerprint(Fingerprint& out, const decode::RenderedCall& rendered) {
  out.set_clock_ns(rendered.call.start.time_since_epoch().count());
  for (const decode::RenderedStream& stream : rendered.streams) {
    StreamSketch& sketch = *out.add_streams();
    for (const decode::SketchEntry& entry : stream.sketch) {
      sketch.add_hashes(entry.hash);
      sketch.add_at_ms(entry.at_ms);
    }
  }
  const auto& [caller, callee] = rendered.levels;
  out.set_caller_levels(caller.data(), caller.size());
  out.set_callee_levels(callee.data(), callee.size());
}

}  // namespace

void fill_links(CallRecord& record, const decode::RenderedCall& rendered,
                const std::string& region) {
  for (const capture::Diversion& diversion : rendered.call.diversions) {
    Diversion& out = *record.add_diversions();
    set_party(*out.mutable_party(), diversion.party, region);
    out.set_reason(to_utf8(diversion.reason));
  }
  fill_names(*record.mutable_links(), rendered.call, region);
  fill_fingerprint(*record.mutable_fingerprint(), rendered);
}

}  // namespace koegura::store
