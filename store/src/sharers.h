// Sharers: which legs have a key (a payload's hash, a session id, ...), while they are few enough
// for it to tell something. A key that more legs have is worn out, and stays so while any of them
// is known: no list grows, and nothing is compared for its sake.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

namespace koegura::store {

using Slot = std::uint32_t;  // of a leg in Conversations

template <class Key, class Hash = std::hash<Key>>
class Sharers {
 public:
  explicit Sharers(std::size_t most) : most_(most) {}

  // The key's legs before; empty if it is or was just now worn out.
  const std::vector<Slot>& of(const Key& key) const {
    static const std::vector<Slot> kNone;
    const auto at = entries_.find(key);
    return at == entries_.end() ? kNone : at->second.legs;
  }
  [[nodiscard]] bool is_worn_out(const Key& key) const {
    const auto at = entries_.find(key);
    return at != entries_.end() && at->second.worn_out;
  }

  // Gives the legs that had the key, if it is worn out by this one: what was concluded from it
  // holds no longer. REQUIRES: a leg adds a key once.
  std::vector<Slot> add(const Key& key, Slot leg) {
    Entry& entry = entries_[key];
    ++entry.count;
    if (entry.worn_out) return {};
    if (entry.legs.size() < most_) {
      entry.legs.push_back(leg);
      return {};
    }
    return wear_out(entry);
  }
  // The same, by a rule of the caller's. REQUIRES: a leg has the key.
  std::vector<Slot> wear_out(const Key& key) { return wear_out(entries_.at(key)); }
  void remove(const Key& key, Slot leg) {
    const auto at = entries_.find(key);
    if (at == entries_.end()) return;
    std::erase(at->second.legs, leg);
    if (--at->second.count == 0) entries_.erase(at);
  }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::vector<Slot> legs;
    std::uint32_t count = 0;  // of legs that have it, worn out or not
    bool worn_out = false;
  };

  static std::vector<Slot> wear_out(Entry& entry) {
    entry.worn_out = true;
    std::vector<Slot> legs;
    legs.swap(entry.legs);
    return legs;
  }

  const std::size_t most_;
  std::unordered_map<Key, Entry, Hash> entries_;
};

}  // namespace koegura::store
