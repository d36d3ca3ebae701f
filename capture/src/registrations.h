// Registrations: who is inside, as REGISTER transactions tell (RFC 3261 §10): the addresses of
// record, where they are reached, where they registered from, and the registrars. None is forgotten
// when it expires (a telephone that is unplugged is still ours), only when there are too many: then
// what was not renewed for the longest.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <string>
#include <unordered_map>
#include <utility>

#include "capture/finished_call.h"
#include "capture/sip_message.h"

namespace koegura::capture {

class Registrations {
 public:
  // REQUIRES: limit > 0.
  explicit Registrations(std::size_t limit = 16'384) : limit_(limit) {}

  // Learns from a 2xx to a REGISTER, as it went from source to destination.
  void on_response(const Endpoint& source, const Endpoint& destination, const SipMessage& message);

  // Of a call between these hops. The hops count first: a carrier may show one of our own numbers
  // as the caller. Where they tell nothing, the parties' numbers do.
  [[nodiscard]] CallDirection direction_of(const FinishedCall& call) const;

  // The address of record that is reached at this contact ("user@host:port"): telephones put random
  // words there. Null if nobody registered it; valid until the next on_response.
  [[nodiscard]] const Identity* owner_of(const std::string& contact) const {
    return contacts_.find(contact);
  }

 private:
  // The latest `limit` of what was added.
  struct Nothing {};
  template <typename Key, typename Hash = std::hash<Key>, typename Value = Nothing>
  class Recent {
   public:
    void add(const Key& key, std::size_t limit, Value value = {}) {
      const auto found = places_.find(key);
      if (found != places_.end()) {
        found->second->second = std::move(value);
        order_.splice(order_.end(), order_, found->second);
        return;
      }
      if (places_.size() >= limit) {
        places_.erase(order_.front().first);
        order_.pop_front();
      }
      places_.emplace(key, order_.insert(order_.end(), {key, std::move(value)}));
    }
    [[nodiscard]] bool contains(const Key& key) const { return places_.contains(key); }
    [[nodiscard]] const Value* find(const Key& key) const {
      const auto found = places_.find(key);
      return found == places_.end() ? nullptr : &found->second->second;
    }

   private:
    using Order = std::list<std::pair<Key, Value>>;
    Order order_;  // what was added last is at the back
    std::unordered_map<Key, typename Order::iterator, Hash> places_;
  };
  struct AddressHash {
    std::size_t operator()(const IpAddress& address) const { return hash_of({address, 0}); }
  };
  // The ends of REGISTER transactions on one side.
  struct Ends {
    Recent<IpAddress, AddressHash> addresses;
    Recent<Endpoint, EndpointHash> endpoints;
  };

  void note_contacts(const SipMessage& message);
  [[nodiscard]] static bool is_at(const Endpoint& endpoint, const Ends& ends, const Ends& others);

  std::size_t limit_;
  Recent<std::string> users_;  // of addresses of record
  Recent<std::string, std::hash<std::string>, Identity> contacts_;
  Ends registrars_;
  Ends registrants_;
};

}  // namespace koegura::capture
