#include "capture/defect.h"

#include <array>

namespace koegura::capture {

namespace {

struct DefectText {
  std::string_view id;
  std::string_view sentence;
};

constexpr std::array<DefectText, kDefectCount> kTexts = {{
#define KOEGURA_DEFECT_TEXT(name, id, sentence) {id, sentence},
    KOEGURA_DEFECTS(KOEGURA_DEFECT_TEXT)
#undef KOEGURA_DEFECT_TEXT
}};

}  // namespace

std::string_view id_of(Defect defect) {
  return kTexts[static_cast<std::size_t>(defect)].id;
}

std::string_view sentence_of(Defect defect) {
  return kTexts[static_cast<std::size_t>(defect)].sentence;
}

}  // namespace koegura::capture
