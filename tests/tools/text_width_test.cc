#include "text_width.h"

#include <doctest/doctest.h>

#include <clocale>

#include "nearest.h"
#include "progress.h"
#include "quantity_text.h"

namespace koegura::tools {
namespace {

struct Utf8 {
  Utf8() { std::setlocale(LC_CTYPE, "C.UTF-8"); }
};

TEST_CASE("a Japanese character takes two columns") {
  const Utf8 locale;
  CHECK(width_of("山田") == 4);
  CHECK(width_of("abc") == 3);
  CHECK(padded("山田", 6) == "山田  ");
  CHECK(padded_left("12", 4) == "  12");
  CHECK(padded("long enough", 4) == "long enough");
}

TEST_CASE("clipping never cuts a character and never passes the width") {
  const Utf8 locale;
  CHECK(clipped("山田太郎", 8) == "山田太郎");
  CHECK(clipped("山田太郎", 7) == "山田太…");
  CHECK(clipped("山田太郎", 6) == "山田…");
  CHECK(clipped("abcdef", 1) == "…");
  CHECK(clipped("abcdef", 0).empty());
}

TEST_CASE("what could steer a terminal or is no UTF-8 is made visible") {
  CHECK(printable("a\x1b[31mb") == "a\xEF\xBF\xBD[31mb");
  CHECK(printable("tab\tend\n") ==
        "tab\xEF\xBF\xBD"
        "end\xEF\xBF\xBD");
  CHECK(printable("\xC2\x9B") == "\xEF\xBF\xBD");  // C1 control sequence introducer
  CHECK(printable("\xE2\x80\xAE"
                  "123") ==
        "\xEF\xBF\xBD"
        "123");                                                        // right-to-left override
  CHECK(printable("\xC0\xAF") == "\xEF\xBF\xBD\xEF\xBF\xBD");          // overlong '/'
  CHECK(printable("\xED\xA0\x80").find('\xED') == std::string::npos);  // surrogate
  CHECK(printable("\xE5\xB1") == "\xEF\xBF\xBD\xEF\xBF\xBD");          // cut off
  CHECK(printable("山 田") == "山 田");
}

TEST_CASE("a mistyped word finds the one it was meant to be") {
  const std::string_view known[] = {"record", "calls", "show", "audio"};
  CHECK(nearest("recrod", known) == "record");
  CHECK(nearest("call", known) == "calls");
  CHECK(nearest("shw", known) == "show");
  CHECK(nearest("verify", known).empty());
  CHECK(nearest("", known).empty());
}

TEST_CASE("counts and sizes are written as people read them") {
  CHECK(count_text(0) == "0");
  CHECK(count_text(999) == "999");
  CHECK(count_text(1234567) == "1,234,567");
  CHECK(bytes_text(0) == "0 B");
  CHECK(bytes_text(999) == "999 B");
  CHECK(bytes_text(1'240) == "1.2 kB");
  CHECK(bytes_text(999'900) == "1.0 MB");
  CHECK(bytes_text(98'000'000) == "98 MB");
  CHECK(plural(1, "call") == "1 call");
  CHECK(plural(2000, "call") == "2,000 calls");
}

TEST_CASE("progress says how far it is, how fast, and when it will end") {
  CHECK(progress_text(25'000'000, 100'000'000, 1, "B") ==
        "[######..................]  25 %  25 MB/s  ETA 0:03");
  CHECK(progress_text(100, 100, 2, "calls") ==
        "[########################] 100 %  50 calls/s  ETA 0:00");
  CHECK(progress_text(2'000'000, 0, 2, "B") == "1.0 MB/s  0:02");
  CHECK(progress_text(0, 100, 1, "B") == "[........................]   0 %  0 B/s");
}

}  // namespace
}  // namespace koegura::tools
