#include "decode/fax.h"

namespace koegura::decode {

std::string_view name_of(FaxCompression compression) {
  switch (compression) {
    case FaxCompression::kMh:
      return "MH";
    case FaxCompression::kMr:
      return "MR";
    case FaxCompression::kMmr:
      return "MMR";
    case FaxCompression::kOther:
      return "other";
  }
  return "";
}

std::string_view name_of(PageAnswer answer) {
  switch (answer) {
    case PageAnswer::kNone:
      return "";
    case PageAnswer::kConfirmed:
      return "confirmed";
    case PageAnswer::kRefused:
      return "refused";
    case PageAnswer::kCorrected:
      return "corrected";
  }
  return "";
}

}  // namespace koegura::decode
