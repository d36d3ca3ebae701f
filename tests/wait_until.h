// Waiting for other threads, without sleeping.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <thread>

namespace koegura::test {

// Polls until it is so; a test that waits in vain fails here. What may stop being so is looked at
// once.
template <typename Condition>
void wait_until(const Condition& is_so) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!is_so()) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::yield();
  }
}

}  // namespace koegura::test
