// The torture messages of RFC 4475: each is read, or refused with a named defect. A recorder does
// not answer, so it reads where an element would have to reject, as long as there is one sense to
// it.

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <string>

#include "capture/sdp.h"
#include "capture/sip_message.h"

namespace koegura::capture {
namespace {

struct Row {
  std::string_view file;
  std::optional<Defect> refused;  // nothing: read
  std::string_view method = "";
  std::string_view from_tag = "";
  std::size_t body = 0;
  std::string_view note = "";
};

constexpr Row kRows[] = {
    // 3.1.1 valid messages
    {"wsinv.dat", {}, "INVITE", "98asjd8", 150, "white space and folding everywhere"},
    {"intmeth.dat",
     {},
     "!interesting-Method0123456789_*+`.%indeed'~",
     "_token~1'+`*%!-.",
     0,
     "every character a token may hold"},
    {"esc01.dat", {}, "INVITE", "938", 150, "escapes in URIs"},
    {"escnull.dat", {}, "REGISTER", "839923423", 0, "escaped NUL"},
    {"esc02.dat", {}, "RE%47IST%45R", "f232jadfj23", 0, "percent is no escape in a method"},
    {"lwsdisp.dat", {}, "OPTIONS", "323", 0, "no space between name and address"},
    {"longreq.dat",
     {},
     "INVITE",
     "129829829829829829829829829829829829829829829829829829829829829829829829829829829829829829"
     "82982982982982982982982982982982982982982982982982982982982982424",
     150,
     "long values"},
    {"dblreq.dat", {}, "REGISTER", "43251j3j324", 0, "a second request behind the first"},
    {"semiuri.dat", {}, "OPTIONS", "33242", 0, "semicolon in the user part"},
    {"transports.dat", {}, "OPTIONS", "323", 0, "unknown transports"},
    {"mpart01.dat", {}, "MESSAGE", "2fb0dcc9", 553, "a binary multipart body"},
    {"unreason.dat", {}, "INVITE", "11141343", 154, "a reason phrase in UTF-8"},
    {"noreason.dat", {}, "INVITE", "39ansfi3", 0, "an empty reason phrase"},
    // 3.1.2 invalid messages
    {"badinv01.dat", {}, "INVITE", "134161461246", 152, "only Via and Contact are broken"},
    {"clerr.dat", {}, "INVITE", "93942939o2", 154, "Content-Length beyond the datagram"},
    {"ncl.dat", {}, "INVITE", "32394234", 152, "a negative Content-Length is no length"},
    {"scalar02.dat", Defect::kSipNoCseq},
    {"scalarlg.dat", Defect::kSipNoCseq},
    {"quotbal.dat", {}, "INVITE", "93334", 152, "the quote ends where the address begins"},
    {"ltgtruri.dat", {}, "INVITE", "39291", 159, "angle brackets around the Request-URI"},
    {"lwsruri.dat", {}, "INVITE", "231413434", 159, "white space within the Request-URI"},
    {"lwsstart.dat", {}, "INVITE", "8814", 150, "two spaces in the start line"},
    {"trws.dat", {}, "OPTIONS", "329429089", 0, "spaces behind the start line"},
    {"escruri.dat", {}, "INVITE", "341518", 150, "header fields escaped in the Request-URI"},
    {"baddate.dat", {}, "INVITE", "2234923", 150, "a date that nobody here reads"},
    {"regbadct.dat", {}, "REGISTER", "998332", 0, "a Contact without its brackets"},
    {"badaspec.dat", {}, "OPTIONS", "433423", 0, "spaces within the brackets"},
    {"baddn.dat", {}, "OPTIONS", "43", 0, "a comma in an unquoted name"},
    {"badvers.dat", Defect::kSipBadVersion},
    {"mismatch01.dat", Defect::kSipCseqMethod},
    {"mismatch02.dat", Defect::kSipCseqMethod},
    {"bigcode.dat", Defect::kSipBadStatus},
    // 3.2 and 3.3 transactions, applications
    {"badbranch.dat", {}, "OPTIONS", "33242", 0, "nothing behind the magic cookie"},
    {"insuf.dat", Defect::kSipNoCallId},
    {"unkscm.dat", {}, "OPTIONS", "384", 0, "an unknown scheme"},
    {"novelsc.dat", {}, "OPTIONS", "384", 0, "a scheme that is none of SIP's"},
    {"unksm2.dat", {}, "REGISTER", "3234233", 0, "unknown schemes in To and Contact"},
    {"bext01.dat", {}, "OPTIONS", "242etr", 0, "an unknown extension is required"},
    {"invut.dat", {}, "INVITE", "8392034", 40, "an unknown body type"},
    {"regaut01.dat", {}, "REGISTER", "87321hj23128", 0, "an unknown authorization scheme"},
    {"multi01.dat", {}, "INVITE", "3413415", 154, "single fields twice: the first counts"},
    {"mcl01.dat", {}, "OPTIONS", "3923942", 67, "two lengths: to the end of the datagram"},
    {"bcast.dat", {}, "INVITE", "11141343", 154, "a response for somebody else"},
    {"zeromf.dat", {}, "OPTIONS", "3ghsd41", 0, "Max-Forwards used up"},
    {"cparam01.dat", {}, "REGISTER", "DkfVgjkrtMwaerKKpe", 0, "a parameter of the Contact field"},
    {"cparam02.dat", {}, "REGISTER", "838293", 0, "a parameter of the Contact's URI"},
    {"regescrt.dat", {}, "REGISTER", "8", 0, "a Route escaped in a Contact"},
    {"sdp01.dat", {}, "INVITE", "234", 150, "an Accept that nobody can meet"},
    {"inv2543.dat", {}, "INVITE", "", 105, "RFC 2543: no tag, no branch, no length"},
    {"test.dat", Defect::kSipBadStartLine},
};

std::filesystem::path folder() {
  const char* const shared = std::getenv("KOEGURA_SHARED");
  const std::filesystem::path root =
      shared != nullptr ? shared : std::filesystem::path(KOEGURA_SOURCE_ROOT) / ".." / "shared";
  return root / "captures" / "rfc4475";
}

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE_MESSAGE(file, path.string(), " is missing");
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("every torture message is read, or refused with its defect") {
  for (const Row& row : kRows) {
    CAPTURE(row.file);
    CAPTURE(row.note);
    const std::string bytes = content(folder() / row.file);
    const auto message = parse_sip(std::as_bytes(std::span(bytes)));
    if (row.refused) {
      REQUIRE_FALSE(message);
      CHECK(id_of(message.error()) == id_of(*row.refused));
      continue;
    }
    REQUIRE(message);
    CHECK(looks_like_sip(std::as_bytes(std::span(bytes))));
    CHECK(message->method == row.method);
    CHECK(message->from.tag() == row.from_tag);
    CHECK(message->body.size() == row.body);
    CHECK_FALSE(message->call_id.empty());
    CHECK_FALSE(message->to.uri.empty());
    CHECK(message->length <= bytes.size());
  }
}

TEST_CASE("the table names every torture message there is") {
  std::set<std::string> named;
  for (const Row& row : kRows) named.emplace(row.file);
  std::set<std::string> there;
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    there.insert(entry.path().filename().string());
  }
  CHECK(named == there);
}

TEST_CASE("the session descriptions in torture messages name the audio") {
  for (const Row& row : kRows) {
    if (row.refused || row.body < 100 || row.method != "INVITE") continue;
    CAPTURE(row.file);
    const std::string bytes = content(folder() / row.file);
    const auto message = parse_sip(std::as_bytes(std::span(bytes)));
    REQUIRE(message);
    const auto sdp = parse_sdp(sip_body_of_type(*message, "application/sdp"));
    REQUIRE(sdp);
    REQUIRE_FALSE(sdp->media.empty());
    CHECK(sdp->media[0].port == 49217);
    CHECK(sdp->media[0].formats[0].encoding == "PCMU");
  }
}

}  // namespace koegura::capture
