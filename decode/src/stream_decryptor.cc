#include "stream_decryptor.h"

#include <algorithm>

namespace koegura::decode {
namespace {

// A search tries every key. Where none fits it is not worth doing for every packet.
constexpr std::uint32_t kThoroughSearches = 4;  // with every count of rollovers
constexpr std::uint32_t kSearches = 16;
constexpr std::uint32_t kSeldom = 64;  // one packet of so many after that

}  // namespace

StreamDecryptor::StreamDecryptor(const capture::FinishedCall& call,
                                 const capture::FinishedStream& stream)
    : ssrc_(stream.ssrc) {
  for (const capture::NegotiatedMedia& media : call.media) {
    if (media.endpoint != stream.destination) continue;
    profiles_.push_back({media.since, media.encrypted});
    may_be_sealed_ = may_be_sealed_ || media.encrypted;
  }
  for (const capture::SrtpKeys::Key& told : call.srtp.keys) {
    if (told.side == stream.side) contexts_.push_back({told.since, &told.key, nullptr});
  }
  std::stable_sort(contexts_.begin(), contexts_.end(),
                   [](const Context& a, const Context& b) { return a.since < b.since; });
  why_ = why_sealed(call.srtp, stream.side);
}

std::string StreamDecryptor::why_sealed(const capture::SrtpKeys& keys, capture::Side side) const {
  // What this side could not be understood in, else what its peer chose.
  const capture::SrtpKeys::Refusal* refusal = nullptr;
  for (const capture::SrtpKeys::Refusal& one : keys.refusals) {
    if (refusal == nullptr || (one.side == side && refusal->side != side)) refusal = &one;
  }
  if (refusal != nullptr && (contexts_.empty() || refusal->side != side)) {
    return "SRTP: " + refusal->suite + ": " + std::string(capture::sentence_of(refusal->defect));
  }
  if (!contexts_.empty()) return "SRTP: no key of the signalling opens it";
  if (keys.by_dtls) return "SRTP: the key was agreed on by DTLS, and is not in the signalling";
  return "SRTP: the key is not in the signalling";
}

bool StreamDecryptor::is_sealed_for_good() const {
  return contexts_.empty() && !profiles_.empty() &&
         std::all_of(profiles_.begin(), profiles_.end(),
                     [](const Profile& profile) { return profile.encrypted; });
}

std::string_view StreamDecryptor::suite() const {
  return current_ == nullptr ? std::string_view() : capture::facts_of(current_->key->suite).name;
}

// As the description in force says, or the first one: media may overtake it.
bool StreamDecryptor::is_encrypted_at(Timestamp time) const {
  const Profile* in_force = nullptr;
  for (const Profile& profile : profiles_) {
    if (in_force == nullptr || profile.since <= time) in_force = &profile;
  }
  return in_force != nullptr && in_force->encrypted;
}

StreamDecryptor::Opened StreamDecryptor::open_sealed(Timestamp arrival, capture::Bytes datagram) {
  if (opens_by_current(datagram) || opens_by_another(arrival, datagram)) {
    ++opened_;
    searches_ = 0;
    return {.datagram = buffer_};
  }
  // A stream that was SRTP is so to its end.
  if (current_ == nullptr && !is_encrypted_at(arrival)) return {.datagram = datagram};
  ++failed_;
  return {.datagram = datagram, .why = &why_};
}

bool StreamDecryptor::opens(SrtpSession& session, capture::Bytes datagram) {
  buffer_.assign(datagram.begin(), datagram.end());
  buffer_.resize(session.open(buffer_));
  return !buffer_.empty();
}

bool StreamDecryptor::opens_by_current(capture::Bytes datagram) {
  return current_ != nullptr && opens(*current_->session, datagram);
}

bool StreamDecryptor::opens_by_another(Timestamp arrival, capture::Bytes datagram) {
  for (Context& context : contexts_) {
    if (&context == current_ || context.session == nullptr) continue;
    if (!opens(*context.session, datagram)) continue;
    current_ = &context;
    return true;
  }
  for (; in_force_ < contexts_.size() && contexts_[in_force_].since <= arrival; ++in_force_) {
    searches_ = 0;
  }
  ++searches_;
  if (searches_ > kSearches && searches_ % kSeldom != 0) return false;
  const bool thorough = searches_ <= kThoroughSearches;
  const auto tries = [&](Context& context) { return opens_anew(context, datagram, thorough); };
  // The latest in force first, backwards; then those that were told later: the session of a capture
  // that began within a call is described by its next re-INVITE, and media overtakes answers.
  for (std::size_t i = in_force_; i > 0; --i) {
    if (tries(contexts_[i - 1])) return true;
  }
  return std::any_of(contexts_.begin() + static_cast<std::ptrdiff_t>(in_force_), contexts_.end(),
                     tries);
}

// With a session that knows of no packet: neither an earlier count of rollovers nor the window of
// those opened before is in its way.
bool StreamDecryptor::opens_anew(Context& context, capture::Bytes datagram, bool all_rollovers) {
  std::unique_ptr<SrtpSession> session = SrtpSession::create(*context.key, ssrc_);
  if (session == nullptr) return false;
  bool opened = opens(*session, datagram);
  for (std::uint32_t count = 1; !opened && all_rollovers && count <= kMostRollovers; ++count) {
    session->assume_rollovers(count);
    opened = opens(*session, datagram);
  }
  if (!opened) return false;
  session->assume_rollovers(0);
  context.session = std::move(session);
  current_ = &context;
  return true;
}

}  // namespace koegura::decode
