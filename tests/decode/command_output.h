// What another program says of our files.
#pragma once

#include <doctest/doctest.h>

#include <cstdio>
#include <string>

namespace koegura::decode::test {

// Of a command of the shell, which must succeed; errors included.
inline std::string command_output(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string out;
  char buffer[4096];
  std::size_t got = 0;
  while ((got = fread(buffer, 1, sizeof buffer, pipe)) != 0) out.append(buffer, got);
  INFO(command << "\n" << out);
  REQUIRE(pclose(pipe) == 0);
  return out;
}

}  // namespace koegura::decode::test
