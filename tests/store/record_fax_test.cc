#include "record_fax.h"

#include <doctest/doctest.h>

#include "call_builder.h"
#include "call_file.h"
#include "record.h"
#include "store/archive.h"
#include "tiff_check.h"

namespace koegura::store {
namespace {

decode::Fax sent_fax() {
  decode::Fax fax;
  fax.from = capture::Side::kCallee;
  fax.sender_id = "+81 3 1234";
  fax.receiver_id = "2301";
  fax.from_s = 1.5;
  fax.to_s = 60;
  fax.result = "page 2 could not be decoded";
  fax.left_out = 3;
  decode::FaxPage page;
  page.at_s = 12;
  page.format = {.compression = decode::FaxCompression::kMmr,
                 .ecm = true,
                 .bit_rate = 14'400,
                 .width = 2048,
                 .x_dpi = 204,
                 .y_dpi = 391,
                 .scan_line_ms = 20};
  page.rows = 1143;
  page.bad_rows = 4;
  page.missing = 5;
  page.cut = true;
  page.answer = decode::PageAnswer::kRefused;
  fax.pages.push_back(page);
  page.rows = 0;
  fax.pages.push_back(page);
  page.rows = 1143;
  page.again = true;
  page.answer = decode::PageAnswer::kConfirmed;
  fax.pages.push_back(page);
  return fax;
}

decode::RenderedCall fax_call(decode::Fax fax) {
  decode::RenderedStream stream = pcmu(capture::Side::kCallee, 0);
  stream.rendered = false;
  stream.is_fax = true;
  stream.codec = "T.38";
  CallBuilder call("fax");
  call.with_stream(stream);
  decode::RenderedCall rendered = call.build();
  rendered.fax.faxes.push_back(std::move(fax));
  rendered.fax.packets = {
      .received = 100, .recovered = 7, .lost = 2, .duplicates = 1, .unreadable = 3};
  return rendered;
}

TEST_CASE("every figure of a fax is in the record, and comes back from its JSON") {
  const auto read = from_json(to_json(make_record(fax_call(sent_fax()), {})));
  REQUIRE(read);
  REQUIRE(read->has_fax());
  const FaxDocument& document = read->fax();
  CHECK(document.tiff_pages() == 2);
  CHECK(document.packets() == 100);
  CHECK(document.recovered() == 7);
  CHECK(document.lost() == 2);
  CHECK(document.unreadable() == 3);
  REQUIRE(document.faxes_size() == 1);
  const Fax& fax = document.faxes(0);
  CHECK(fax.from() == "callee");
  CHECK(fax.sender_id() == "+81 3 1234");
  CHECK(fax.receiver_id() == "2301");
  CHECK(fax.from_s() == 1.5);
  CHECK(fax.to_s() == 60);
  CHECK_FALSE(fax.complete());
  CHECK(fax.result() == "page 2 could not be decoded");
  CHECK(fax.left_out() == 3);
  REQUIRE(fax.pages_size() == 3);
  const FaxPage& page = fax.pages(0);
  CHECK(page.at_s() == 12);
  CHECK(page.tiff_page() == 1);
  CHECK(page.width() == 2048);
  CHECK(page.rows() == 1143);
  CHECK(page.bad_rows() == 4);
  CHECK(page.x_dpi() == 204);
  CHECK(page.y_dpi() == 391);
  CHECK(page.compression() == "MMR");
  CHECK(page.ecm());
  CHECK(page.bit_rate() == 14'400);
  CHECK(page.scan_line_ms() == 20);
  CHECK(page.missing() == 5);
  CHECK(page.cut());
  CHECK(page.answer() == "refused");
  CHECK_FALSE(page.again());
  CHECK(fax.pages(1).tiff_page() == 0);
  CHECK(fax.pages(2).tiff_page() == 2);
  CHECK(fax.pages(2).again());
}

TEST_CASE("a call is complete if its faxes are, whatever became of their packets") {
  decode::Fax fax = sent_fax();
  CHECK_FALSE(make_record(fax_call(fax), {}).quality().complete());
  fax.complete = true;
  CHECK(make_record(fax_call(fax), {}).quality().complete());
}

TEST_CASE("a call without T.38 says nothing of a fax") {
  CallBuilder call("voice");
  CHECK_FALSE(make_record(call.build(), {}).has_fax());
}

TEST_CASE("the pages are attached where there are any") {
  decode::RenderedCall rendered = fax_call(sent_fax());
  rendered.fax.tiff.assign(30, std::byte{7});
  const auto made = attachments_of(rendered, make_record(rendered, {}));
  REQUIRE(made);
  REQUIRE(made->size() == 2);
  CHECK((*made)[1].name == "fax.tiff");
  CHECK((*made)[1].bytes == rendered.fax.tiff);
}

decode::Attachment tiff_of(std::initializer_list<unsigned> bytes) {
  decode::Attachment attachment{"fax.tiff", "image/tiff", {}};
  for (const unsigned byte : bytes) attachment.bytes.push_back(static_cast<std::byte>(byte));
  return attachment;
}

TEST_CASE(
    "a TIFF with fewer or more pages than its call tells of is damaged, and so is one that leads "
    "nowhere") {
  // A page without entries each, at 8 and at 14; the second is the last.
  decode::Attachment tiff =
      tiff_of({'I', 'I', 42, 0, 8, 0, 0, 0, 0, 0, 14, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  CHECK(check_tiff(tiff, 2));
  CHECK_FALSE(check_tiff(tiff, 1));
  CHECK_FALSE(check_tiff(tiff, 3));
  tiff.bytes[16] = std::byte{8};  // back to the first
  CHECK_FALSE(check_tiff(tiff, 2));
  tiff.bytes[16] = std::byte{0xFF};  // beyond the end
  CHECK(check_tiff(tiff, 2).error().message == "fax.tiff is cut off");
  tiff.bytes.resize(11);
  CHECK(check_tiff(tiff, 2).error().message == "fax.tiff is cut off");
  CHECK(check_tiff(tiff_of({'M', 'M', 0, 42, 0, 0, 0, 8}), 1).error().message ==
        "fax.tiff is no TIFF file");
}

}  // namespace
}  // namespace koegura::store
