#include "record_fax.h"

#include <string>

#include "record_value.h"
#include "utf8.h"

namespace koegura::store {
namespace {

void fill_page(FaxPage& out, const decode::FaxPage& page) {
  out.set_at_s(finite(page.at_s));
  out.set_width(page.format.width);
  out.set_rows(page.rows);
  out.set_bad_rows(page.bad_rows);
  out.set_x_dpi(page.format.x_dpi);
  out.set_y_dpi(page.format.y_dpi);
  out.set_compression(std::string(decode::name_of(page.format.compression)));
  out.set_ecm(page.format.ecm);
  out.set_bit_rate(page.format.bit_rate);
  out.set_scan_line_ms(page.format.scan_line_ms);
  out.set_missing(page.missing);
  out.set_cut(page.cut);
  out.set_answer(std::string(decode::name_of(page.answer)));
  out.set_again(page.again);
}

}  // namespace

void fill_fax(FaxDocument& out, const decode::FaxDocument& document) {
  std::uint32_t tiff_pages = 0;
  for (const decode::Fax& fax : document.faxes) {
    Fax& filled = *out.add_faxes();
    filled.set_from(side_name(fax.from));
    filled.set_sender_id(to_utf8(fax.sender_id));
    filled.set_receiver_id(to_utf8(fax.receiver_id));
    filled.set_from_s(finite(fax.from_s));
    filled.set_to_s(finite(fax.to_s));
    filled.set_complete(fax.complete);
    filled.set_result(to_utf8(fax.result));
    filled.set_left_out(fax.left_out);
    for (const decode::FaxPage& page : fax.pages) {
      FaxPage& filled_page = *filled.add_pages();
      fill_page(filled_page, page);
      if (page.rows != 0) filled_page.set_tiff_page(++tiff_pages);
    }
  }
  out.set_tiff_pages(tiff_pages);
  out.set_packets(document.packets.received);
  out.set_recovered(document.packets.recovered);
  out.set_lost(document.packets.lost);
  out.set_unreadable(document.packets.unreadable);
}

}  // namespace koegura::store
