#include "fax_result.h"

#include <algorithm>

namespace koegura::decode {
namespace {

// "page 2", "pages 1, 2 and 4"; of many the first ones.
std::string pages_text(const std::vector<std::size_t>& numbers) {
  constexpr std::size_t kNamed = 6;
  std::string text = numbers.size() == 1 ? "page " : "pages ";
  const std::size_t named = std::min(numbers.size(), kNamed);
  for (std::size_t i = 0; i < named; ++i) {
    const bool is_last = i + 1 == numbers.size();
    if (i != 0) text += is_last ? " and " : ", ";
    text += std::to_string(numbers[i]);
  }
  if (named < numbers.size()) text += " and " + std::to_string(numbers.size() - named) + " more";
  return text;
}

// The pages of which something is true, and what that is, of one and of several.
template <typename Predicate>
void tell(const Fax& fax, Predicate is_so, const char* what_of_one, const char* what_of_several,
          std::vector<std::string>& out) {
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < fax.pages.size(); ++i) {
    if (is_so(i)) numbers.push_back(i + 1);
  }
  if (numbers.empty()) return;
  out.push_back(pages_text(numbers) + (numbers.size() == 1 ? what_of_one : what_of_several));
}

std::string why_no_page(const FaxEnd& end) {
  if (end.unannounced) return "no page: the capture does not hold how they were sent (DCS)";
  if (!end.announced) return "no page was announced (DCS)";
  if (end.training_failed) return "no page: the training failed (FTT)";
  return "no page came after the training";
}

void tell_pages(const Fax& fax, std::vector<std::string>& out) {
  const std::vector<FaxPage>& pages = fax.pages;
  const auto sent_again = [&](std::size_t i) { return i + 1 < pages.size() && pages[i + 1].again; };
  tell(
      fax, [&](std::size_t i) { return pages[i].answer == PageAnswer::kNone; },
      " was not confirmed", " were not confirmed", out);
  tell(
      fax, [&](std::size_t i) { return pages[i].answer == PageAnswer::kRefused && !sent_again(i); },
      " was refused (RTN)", " were refused (RTN)", out);
  tell(
      fax, [&](std::size_t i) { return pages[i].answer == PageAnswer::kCorrected; },
      " was taken with errors (ERR)", " were taken with errors (ERR)", out);
  tell(
      fax, [&](std::size_t i) { return pages[i].rows == 0; }, " could not be decoded",
      " could not be decoded", out);
  tell(
      fax, [&](std::size_t i) { return pages[i].rows != 0 && pages[i].cut; }, " is not whole",
      " are not whole", out);
  tell(
      fax, [&](std::size_t i) { return pages[i].rows != 0 && pages[i].missing != 0; }, " has gaps",
      " have gaps", out);
  tell(
      fax,
      [&](std::size_t i) {
        return pages[i].bad_rows != 0 && pages[i].missing == 0 && !sent_again(i);
      },
      " has damaged lines", " have damaged lines", out);
}

}  // namespace

std::vector<std::string> fax_troubles(const Fax& fax, const FaxEnd& end) {
  std::vector<std::string> out;
  if (fax.pages.empty()) {
    out.push_back(why_no_page(end));
    return out;
  }
  tell_pages(fax, out);
  if (fax.left_out != 0) out.push_back(std::to_string(fax.left_out) + " more than are kept");
  if (end.turned) return out;
  const bool more = end.after_last && *end.after_last != AfterPage::kNoMore;
  if (more && end.said_goodbye) {
    out.emplace_back("it was ended (DCN) though more had been announced");
  } else if (more) {
    out.emplace_back("more was announced, and did not come");
  } else if (!end.said_goodbye) {
    out.emplace_back("no goodbye (DCN) was seen");
  }
  return out;
}

std::string fax_result(const std::vector<std::string>& troubles) {
  if (troubles.empty()) return "complete";
  std::string text;
  for (const std::string& trouble : troubles) text += (text.empty() ? "" : "; ") + trouble;
  return text;
}

}  // namespace koegura::decode
