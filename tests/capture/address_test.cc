#include "capture/address.h"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>

using namespace koegura::capture;

TEST_CASE("every textual form of RFC 4291 §2.2 is read and written in its canonical form") {
  struct Form {
    std::string_view text;
    std::string_view canonical;
  };
  for (const Form& form : std::initializer_list<Form>{
           {"192.0.2.1", "192.0.2.1"},
           {"0.0.0.0", "0.0.0.0"},
           {"2001:db8::1", "2001:db8::1"},
           {"2001:0DB8:0:0:0:0:0:1", "2001:db8::1"},
           {"[2001:db8::1]", "2001:db8::1"},
           {"::", "::"},
           {"::ffff:192.0.2.1", "192.0.2.1"},
       }) {
    CAPTURE(form.text);
    const auto address = IpAddress::parse(form.text);
    REQUIRE(address);
    CHECK(address->to_string() == form.canonical);
  }
}

TEST_CASE("what is no address is refused") {
  using std::string_view_literals::operator""sv;
  for (const std::string_view text :
       {""sv, "192.0.2"sv, "192.0.2.256"sv, "192.0.2.1.5"sv, "2001:db8"sv, "[2001:db8::1"sv,
        "[192.0.2.1]"sv, "192.0.2.1 "sv, "pbx.example.jp"sv, "192.0.2.1\0x"sv,
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc"sv}) {
    CAPTURE(text);
    CHECK_FALSE(IpAddress::parse(text));
  }
}

TEST_CASE("an IPv4 address equals its IPv4-mapped IPv6 form") {
  CHECK(*IpAddress::parse("192.0.2.1") == *IpAddress::parse("::ffff:c000:201"));
  CHECK(*IpAddress::parse("192.0.2.1") == IpAddress::v4(0xC0000201));
  CHECK(IpAddress::v4(0xC0000201).is_v4());
  CHECK_FALSE(IpAddress::parse("2001:db8::1")->is_v4());
}

TEST_CASE("the unspecified address is known in both families") {
  CHECK(IpAddress::parse("0.0.0.0")->is_unspecified());
  CHECK(IpAddress::parse("::")->is_unspecified());
  CHECK_FALSE(IpAddress::parse("::1")->is_unspecified());
  CHECK_FALSE(IpAddress::parse("0.0.0.1")->is_unspecified());
}

TEST_CASE("an endpoint is written with brackets around IPv6 only") {
  CHECK(Endpoint{*IpAddress::parse("192.0.2.1"), 5060}.to_string() == "192.0.2.1:5060");
  CHECK(Endpoint{*IpAddress::parse("2001:db8::1"), 5060}.to_string() == "[2001:db8::1]:5060");
}

TEST_CASE("endpoints that differ in one bit of address or port hash apart") {
  const Endpoint base{*IpAddress::parse("192.0.2.1"), 5060};
  for (std::size_t byte = 0; byte < base.address.bytes.size(); ++byte) {
    Endpoint other = base;
    other.address.bytes[byte] ^= 1U;
    CHECK(hash_of(other) != hash_of(base));
  }
  CHECK(hash_of(Endpoint{base.address, 5061}) != hash_of(base));
}
