#include "fax_story.h"

#include <doctest/doctest.h>

namespace koegura::tools {
namespace {

using Told = std::vector<std::pair<std::string, std::string>>;

FaxPage& add_page(Fax& fax) {
  FaxPage& page = *fax.add_pages();
  page.set_tiff_page(static_cast<std::uint32_t>(fax.pages_size()));
  page.set_width(1728);
  page.set_rows(1143);
  page.set_x_dpi(204);
  page.set_y_dpi(98);
  page.set_compression("MMR");
  page.set_ecm(true);
  page.set_bit_rate(14'400);
  page.set_answer("confirmed");
  return page;
}

CallRecord faxed() {
  CallRecord record;
  record.set_id("01KAJ4");
  FaxDocument& document = *record.mutable_fax();
  document.set_packets(1200);
  document.set_tiff_pages(2);
  Fax& fax = *document.add_faxes();
  fax.set_from("caller");
  fax.set_sender_id("+81 3 1234");
  fax.set_from_s(2);
  fax.set_to_s(65);
  fax.set_complete(true);
  fax.set_result("complete");
  add_page(fax);
  add_page(fax);
  return record;
}

TEST_CASE("of a call without T.38 there is nothing to tell") {
  CHECK(fax_lines(CallRecord()).empty());
}

TEST_CASE("a fax that is in order is told in short") {
  const Told told = fax_lines(faxed());
  REQUIRE(told.size() == 5);
  CHECK(told[0] == Told::value_type{"caller", "2 pages, complete"});
  CHECK(told[1].second == "from \"+81 3 1234\" to no name, 0:02.0 – 1:05.0");
  CHECK(told[2].second == "1728 pixels wide, 204 × 98 dpi, MMR, error correction, 14,400 bit/s");
  CHECK(told[3] == Told::value_type{"packets", "1,200, none lost"});
  CHECK(told[4] == Told::value_type{"save", "koegura fax 01KAJ4 -o fax.tiff"});
}

TEST_CASE("of a page that is out of order it is said in what") {
  CallRecord record = faxed();
  record.mutable_fax()->set_recovered(30);
  record.mutable_fax()->set_lost(2);
  record.mutable_fax()->set_unreadable(1);
  Fax& fax = *record.mutable_fax()->mutable_faxes(0);
  fax.set_complete(false);
  fax.set_result("page 2 was refused (RTN)");
  FaxPage& second = *fax.mutable_pages(1);
  second.set_answer("refused");
  second.set_missing(2);
  second.set_bad_rows(1);
  second.set_cut(true);
  second.set_y_dpi(196);
  const Told told = fax_lines(record);
  REQUIRE(told.size() == 7);
  CHECK(told[0].second == "2 pages, page 2 was refused (RTN)");
  CHECK(told[3].second.starts_with("from page 2 on: 1728 pixels wide, 204 × 196 dpi"));
  CHECK(told[4] ==
        Told::value_type{
            "page 2", "1,143 lines: refused by the receiver, 2 gaps, 1 damaged line, not whole"});
  CHECK(told[5].second == "1,230, 30 of them recovered from later ones, 2 lost, 1 unreadable");
}

}  // namespace
}  // namespace koegura::tools
