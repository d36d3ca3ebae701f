// A fax by T.38 from two machines of spandsp's to the TIFF: pixel by pixel what was sent.
#include <doctest/doctest.h>

#include "call_builder.h"
#include "fax_peers.h"

using namespace koegura;
using namespace koegura::decode;
using namespace koegura::decode::test;

namespace {

constexpr int kOneDimensional = T30_SUPPORT_T4_1D_COMPRESSION;

struct HeardFax {
  FaxDocument document;
  std::vector<Pixels> pages;
};

HeardFax hear_fax(const FaxTalk& talk, const FaxOnWire& wire = {}) {
  CallBuilder call;
  put_on_wire(call, talk, wire);
  RenderedCall rendered = call.render();
  HeardFax heard{.document = std::move(rendered.fax), .pages = {}};
  heard.pages = pages_of(heard.document, call.folder());
  return heard;
}

}  // namespace

TEST_CASE("a fax's pages are in the TIFF to the pixel, however they were sent") {
  struct Way {
    const char* name;
    bool ecm;
    int compressions;
    const char* compression;
    int version;
  };
  const Way ways[] = {
      {"MH", false, T30_SUPPORT_T4_1D_COMPRESSION, "MH", 0},
      {"MR", false, T30_SUPPORT_T4_1D_COMPRESSION | T30_SUPPORT_T4_2D_COMPRESSION, "MR", 0},
      {"MH of version 3", false, T30_SUPPORT_T4_1D_COMPRESSION, "MH", 3},
      {"ECM, MH", true, T30_SUPPORT_T4_1D_COMPRESSION, "MH", 0},
      {"ECM, MR", true, T30_SUPPORT_T4_1D_COMPRESSION | T30_SUPPORT_T4_2D_COMPRESSION, "MR", 1},
      {"ECM, MMR", true, FaxSettings().compressions, "MMR", 2},
  };
  for (const Way& way : ways) {
    CAPTURE(way.name);
    FaxSettings settings;
    settings.ecm = way.ecm;
    settings.compressions = way.compressions;
    settings.version = way.version;
    const FaxTalk talk = talk_fax(settings);
    REQUIRE(talk.pages_sent == 2);
    FaxOnWire wire;
    wire.version = static_cast<unsigned>(way.version);
    const HeardFax heard = hear_fax(talk, wire);
    REQUIRE(heard.document.faxes.size() == 1);
    const Fax& fax = heard.document.faxes[0];
    CHECK(fax.result == "complete");
    CHECK(fax.complete);
    CHECK(fax.from == Side::kCaller);
    CHECK(fax.sender_id == kSenderId);
    CHECK(fax.receiver_id == kReceiverId);
    REQUIRE(fax.pages.size() == 2);
    CHECK(fax.pages[1].answer == PageAnswer::kConfirmed);
    CHECK(fax.pages[0].format.ecm == way.ecm);
    CHECK(name_of(fax.pages[0].format.compression) == way.compression);
    CHECK(static_cast<int>(fax.pages[0].format.bit_rate) == talk.bit_rate);
    CHECK(fax.pages[0].format.y_dpi == 196);
    CHECK(heard.document.packets.lost == 0);
    CHECK(heard.document.packets.unreadable == 0);
    CHECK((heard.pages == settings.pages));
  }
}

namespace {

struct LossyWay {
  const char* name;
  UdptlSender udptl;
  unsigned every;  // of so many datagrams …
  unsigned lost;   // … so many in a row are lost
};

void check_repaired(const FaxSettings& settings, const FaxTalk& talk, const LossyWay& way) {
  CAPTURE(way.name);
  FaxOnWire wire;
  wire.udptl = way.udptl;
  // Not the very last one: nothing behind it says it again.
  wire.lost = [&](Side from, std::size_t number) {
    return number + 1 != talk.of(from).size() && (number + 1) % way.every >= 1 &&
           (number + 1) % way.every <= way.lost;
  };
  const HeardFax heard = hear_fax(talk, wire);
  REQUIRE(heard.document.faxes.size() == 1);
  CHECK(heard.document.faxes[0].result == "complete");
  CHECK(heard.document.packets.lost == 0);
  CHECK(heard.document.packets.recovered > talk.caller.size() / way.every / 2);
  CHECK((heard.pages == settings.pages));
}

}  // namespace

TEST_CASE("pages are whole as long as redundancy or parity puts back what was lost") {
  const LossyWay ways[] = {
      {"one said again, one lost", {.redundancy = 1}, 2, 1},
      {"three said again, three lost in a row", {.redundancy = 3}, 4, 3},
      {"parity of three", {.parity_span = 3, .parity_entries = 1}, 7, 1},
      {"three parities of three", {.parity_span = 3, .parity_entries = 3}, 15, 3},
      {"numbers come round", {.redundancy = 2, .first = 65'400}, 3, 2},
  };
  for (const bool ecm : {false, true}) {
    CAPTURE(ecm);
    FaxSettings settings;
    settings.ecm = ecm;
    const FaxTalk talk = talk_fax(settings);
    for (const LossyWay& way : ways) check_repaired(settings, talk, way);
  }
}

TEST_CASE("what nothing puts back is a gap, said and counted, and the rest of the page is there") {
  for (const bool ecm : {false, true}) {
    CAPTURE(ecm);
    FaxSettings settings;
    settings.ecm = ecm;
    settings.compressions = kOneDimensional;
    settings.pages = {written_page(1, 400)};
    const FaxTalk talk = talk_fax(settings);
    const std::size_t middle = talk.caller.size() / 2;
    FaxOnWire wire;
    wire.udptl.redundancy = 1;
    wire.lost = [&](Side from, std::size_t number) {
      return from == Side::kCaller && number >= middle && number < middle + 5;
    };
    const HeardFax heard = hear_fax(talk, wire);
    CHECK(heard.document.packets.lost == 4);
    CHECK(heard.document.packets.recovered == 1);
    REQUIRE(heard.document.faxes.size() == 1);
    const Fax& fax = heard.document.faxes[0];
    CHECK_FALSE(fax.complete);
    CHECK(fax.result == "page 1 has gaps");
    REQUIRE(heard.pages.size() == 1);
    CHECK(fax.pages[0].missing > 0);
    CHECK(fax.pages[0].missing < 8);
    CHECK(fax.pages[0].answer == PageAnswer::kConfirmed);
    CHECK(heard.pages[0].rows > 300);
    CHECK(heard.pages[0].rows <= 400);
    // Its beginning is as it was sent.
    const std::size_t first_rows = 50 * 216;
    CHECK(std::equal(heard.pages[0].bytes.begin(), heard.pages[0].bytes.begin() + first_rows,
                     settings.pages[0].bytes.begin()));
  }
}

TEST_CASE("frames that the receiver missed and asked for again are in the page once") {
  FaxSettings settings;
  settings.pages = {written_page(3, 1500)};  // several blocks
  settings.swallowed = [](Side from, std::size_t number) {
    return from == Side::kCaller && number > 300 && number < 1200 && number % 50 == 0;
  };
  const FaxTalk talk = talk_fax(settings);
  REQUIRE(talk.pages_sent == 1);
  const HeardFax heard = hear_fax(talk);
  REQUIRE(heard.document.faxes.size() == 1);
  CHECK(heard.document.faxes[0].result == "complete");
  CHECK((heard.pages == settings.pages));
}

TEST_CASE("a page that was refused and sent again is there twice, and told") {
  FaxSettings settings;
  settings.ecm = false;
  settings.compressions = kOneDimensional;
  settings.pages = {written_page(4, 400), written_page(5, 300)};
  settings.swallowed = [](Side from, std::size_t number) {
    return from == Side::kCaller && number > 300 && number < 750 && number % 2 == 0;
  };
  const HeardFax heard = hear_fax(talk_fax(settings));
  REQUIRE(heard.document.faxes.size() == 1);
  const Fax& fax = heard.document.faxes[0];
  REQUIRE(fax.pages.size() == 3);
  CHECK(fax.pages[0].answer == PageAnswer::kRefused);
  CHECK(fax.pages[1].again);
  CHECK(fax.pages[1].answer == PageAnswer::kConfirmed);
  CHECK_FALSE(fax.pages[2].again);
  CHECK(fax.result == "complete");
  CHECK((heard.pages ==
         std::vector<Pixels>{settings.pages[0], settings.pages[0], settings.pages[1]}));
}

TEST_CASE("a last page that was refused makes the fax incomplete") {
  FaxSettings settings;
  settings.ecm = false;
  settings.compressions = kOneDimensional;
  settings.pages = {written_page(4, 400)};
  settings.swallowed = [](Side from, std::size_t number) {
    return from == Side::kCaller && number > 300 && number < 750 && number % 2 == 0;
  };
  const HeardFax heard = hear_fax(talk_fax(settings));
  REQUIRE(heard.document.faxes.size() == 1);
  CHECK(heard.document.faxes[0].result == "page 1 was refused (RTN)");
  CHECK_FALSE(heard.document.faxes[0].complete);
  CHECK((heard.pages == settings.pages));
}

TEST_CASE("a fax that breaks off keeps what came of the page") {
  for (const bool ecm : {false, true}) {
    CAPTURE(ecm);
    FaxSettings settings;
    settings.ecm = ecm;
    settings.pages = {written_page(5, 1000)};
    settings.hang_up_ms = talk_fax(settings).end_ms / 2;
    const HeardFax heard = hear_fax(talk_fax(settings));
    REQUIRE(heard.document.faxes.size() == 1);
    const Fax& fax = heard.document.faxes[0];
    CHECK_FALSE(fax.complete);
    CHECK(fax.result == "page 1 was not confirmed; page 1 is not whole; no goodbye (DCN) was seen");
    REQUIRE(heard.pages.size() == 1);
    CHECK(heard.pages[0].rows > 100);
    CHECK(heard.pages[0].rows < 1000);
    CHECK(std::equal(heard.pages[0].bytes.begin(), heard.pages[0].bytes.begin() + 100 * 216,
                     settings.pages[0].bytes.begin()));
  }
}

TEST_CASE("a mirror that shows one side only has the pages, and no word of the receiver") {
  const FaxSettings settings;
  FaxOnWire wire;
  wire.lost = [](Side from, std::size_t) { return from == Side::kCallee; };
  const HeardFax heard = hear_fax(talk_fax(settings), wire);
  REQUIRE(heard.document.faxes.size() == 1);
  CHECK(heard.document.faxes[0].result == "pages 1 and 2 were not confirmed");
  CHECK(heard.document.faxes[0].receiver_id.empty());
  CHECK((heard.pages == settings.pages));
}

TEST_CASE("SDP may tell another version than what is sent") {
  for (const int spoken : {0, 3}) {
    CAPTURE(spoken);
    for (const bool ecm : {false, true}) {
      CAPTURE(ecm);
      FaxSettings settings;
      settings.version = spoken;
      settings.ecm = ecm;
      FaxOnWire wire;
      wire.version = spoken == 0 ? 3 : 0;
      const HeardFax heard = hear_fax(talk_fax(settings), wire);
      REQUIRE(heard.document.faxes.size() == 1);
      CHECK(heard.document.faxes[0].result == "complete");
      CHECK((heard.pages == settings.pages));
    }
  }
}

TEST_CASE("the callee may be the sender") {
  const FaxSettings settings;
  FaxTalk talk = talk_fax(settings);
  std::swap(talk.caller, talk.callee);
  const HeardFax heard = hear_fax(talk);
  REQUIRE(heard.document.faxes.size() == 1);
  CHECK(heard.document.faxes[0].from == Side::kCallee);
  CHECK(heard.document.faxes[0].sender_id == kSenderId);
  CHECK(heard.document.faxes[0].result == "complete");
  CHECK((heard.pages == settings.pages));
}

TEST_CASE("two faxes in one call are one TIFF, also where the numbers begin anew") {
  FaxSettings settings;
  const FaxTalk first = talk_fax(settings);
  settings.pages = {written_page(7, 250)};
  settings.ecm = false;
  const FaxTalk second = talk_fax(settings);
  CallBuilder call;
  put_on_wire(call, first, {});
  for (const Side side : {Side::kCaller, Side::kCallee}) {
    StreamBuilder& stream = call.last_stream(side);
    const std::vector<Octets> datagrams = UdptlSender{.redundancy = 3}.datagrams(second.of(side));
    for (std::size_t i = 0; i < datagrams.size(); ++i) {
      stream.udptl(first.end_ms + second.of(side)[i].at_ms, datagrams[i]);
    }
  }
  const RenderedCall rendered = call.lasts_ms(first.end_ms + second.end_ms).render();
  REQUIRE(rendered.fax.faxes.size() == 2);
  CHECK(rendered.fax.faxes[0].result == "complete");
  CHECK(rendered.fax.faxes[1].result == "complete");
  CHECK(rendered.fax.faxes[1].from_s * 1000 >= first.end_ms);
  const std::vector<Pixels> pages = pages_of(rendered.fax, call.folder());
  REQUIRE(pages.size() == 3);
  CHECK((pages[2] == settings.pages[0]));
}

TEST_CASE("decoding removes no file of the machine's") {
  // spandsp removes the file that it was told to write to. Whoever runs as root would not miss it
  // at once.
  REQUIRE(std::filesystem::is_character_file("/dev/null"));
  CHECK(hear_fax(talk_fax({})).pages.size() == 2);
  CHECK(std::filesystem::is_character_file("/dev/null"));
}
