#include "fax_story.h"

#include "quantity_text.h"
#include "terminal.h"
#include "text_width.h"
#include "time_text.h"

namespace koegura::tools {
namespace {

using FaxLines = std::vector<std::pair<std::string, std::string>>;

std::string station_text(const std::string& id) {
  return id.empty() ? "no name" : '"' + printable(id) + '"';
}

std::string format_text(const FaxPage& page) {
  std::string text = std::to_string(page.width()) + " pixels wide, " +
                     std::to_string(page.x_dpi()) + " × " + std::to_string(page.y_dpi()) +
                     " dpi, " + printable(page.compression());
  text += page.ecm() ? ", error correction" : ", no error correction";
  if (page.bit_rate() != 0) text += ", " + count_text(page.bit_rate()) + " bit/s";
  return text;
}

// Empty: there is nothing to say of the page but that it is there.
std::string page_text(const FaxPage& page) {
  std::vector<std::string> told;
  if (page.tiff_page() == 0) told.emplace_back("could not be decoded");
  if (page.again()) told.emplace_back("the page before, sent again");
  if (page.answer() == "refused") told.emplace_back("refused by the receiver");
  if (page.answer() == "corrected") told.emplace_back("taken by the receiver with errors");
  if (page.answer().empty()) told.emplace_back("not confirmed");
  if (page.missing() != 0) told.push_back(plural(page.missing(), "gap"));
  if (page.bad_rows() != 0) told.push_back(plural(page.bad_rows(), "damaged line"));
  if (page.cut()) told.emplace_back("not whole");
  if (told.empty()) return {};
  return count_text(page.rows()) + " lines: " + joined(told);
}

void tell_fax(const Fax& fax, FaxLines& lines) {
  const auto pages = static_cast<std::uint64_t>(fax.pages_size());
  std::string head = plural(pages, "page") + ", ";
  head += fax.complete() ? coloured(Colour::kGreen, "complete")
                         : coloured(Colour::kYellow, printable(fax.result()));
  lines.emplace_back(fax.from(), head);
  lines.emplace_back("", "from " + station_text(fax.sender_id()) + " to " +
                             station_text(fax.receiver_id()) + ", " +
                             clock_text_exact(fax.from_s()) + " – " + clock_text_exact(fax.to_s()));
  const FaxPage* before = nullptr;
  for (int i = 0; i < fax.pages_size(); ++i) {
    const FaxPage& page = fax.pages(i);
    if (before == nullptr || format_text(*before) != format_text(page)) {
      lines.emplace_back("",
                         (before == nullptr ? "" : "from page " + std::to_string(i + 1) + " on: ") +
                             format_text(page));
    }
    before = &page;
    const std::string text = page_text(page);
    if (!text.empty()) lines.emplace_back("page " + std::to_string(i + 1), text);
  }
}

}  // namespace

FaxLines fax_lines(const CallRecord& record) {
  FaxLines lines;
  if (!record.has_fax()) return lines;
  const FaxDocument& document = record.fax();
  for (const Fax& fax : document.faxes()) tell_fax(fax, lines);
  if (document.faxes().empty()) lines.emplace_back("", "T.38, in which no fax machine was heard");
  std::string packets = count_text(document.packets() + document.recovered());
  if (document.recovered() != 0) {
    packets += ", " + count_text(document.recovered()) + " of them recovered from later ones";
  }
  packets += document.lost() == 0 ? ", none lost" : ", " + count_text(document.lost()) + " lost";
  if (document.unreadable() != 0)
    packets += ", " + count_text(document.unreadable()) + " unreadable";
  lines.emplace_back("packets", packets);
  if (document.tiff_pages() != 0) {
    lines.emplace_back("save", "koegura fax " + record.id() + " -o fax.tiff");
  }
  return lines;
}

}  // namespace koegura::tools
