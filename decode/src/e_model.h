// The E-model (ITU-T G.107): from what impairs a call to a rating and a mean opinion score. All
// parameters that a recorder cannot know have the defaults of its table 2.
#pragma once

namespace koegura::decode {

struct Impairments {
  double equipment = 0;        // Ie of the codec (G.113 appendix I)
  double loss_robustness = 1;  // Bpl of the codec (G.113 appendix I); above 0
  double lost_percent = 0;     // Ppl, 0 to 100
  double burst_ratio = 1;      // BurstR: 1 for random loss
  double delay_ms = 0;         // from mouth to ear, one way (T = Ta = Tr / 2)
};

// R, 0 to 93.2.
[[nodiscard]] double rating_of(const Impairments& impairments);
// G.107 Annex B, equation B-4: 1.0 to 4.5.
[[nodiscard]] double mos_of_rating(double rating);

}  // namespace koegura::decode
