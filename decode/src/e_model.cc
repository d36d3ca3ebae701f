#include "e_model.h"

#include <algorithm>
#include <cmath>

namespace koegura::decode {
namespace {

// With table 2's defaults: Ro (§7.2), Ro - Is (§7.3), and the parameters of the echo equations.
constexpr double kSignalToNoise = 94.77;
constexpr double kWithoutDelay = 93.35;
constexpr double kTalkerEchoLoss = 65;     // TELR, dB
constexpr double kWeightedPathLoss = 110;  // WEPL, dB

// Half a difference, and the bend of G.107's echo equations at its foot.
double bent(double difference, double bend) {
  return difference / 2 + std::sqrt(difference * difference / 4 + bend);
}

// Idte, §7.4.1.
double talker_echo(double delay_ms) {
  const double loss = kTalkerEchoLoss -
                      40 * std::log10((1 + delay_ms / 10) / (1 + delay_ms / 150)) +
                      6 * std::exp(-0.3 * delay_ms * delay_ms);
  const double rating = 80 + 2.5 * (loss - 14);
  return (bent(kSignalToNoise - rating, 100) - 1) * (1 - std::exp(-delay_ms));
}

// Idle, §7.4.2.
double listener_echo(double delay_ms) {
  const double rating = 10.5 * (kWeightedPathLoss + 7) * std::pow(2 * delay_ms + 1, -0.25);
  return bent(kSignalToNoise - rating, 169);
}

// Idd, §7.4.3.
double absolute_delay(double delay_ms) {
  constexpr double kUnnoticed = 100;
  if (delay_ms <= kUnnoticed) return 0;
  const double x = std::log2(delay_ms / kUnnoticed);
  return 25 * (std::pow(1 + std::pow(x, 6), 1.0 / 6) -
               3 * std::pow(1 + std::pow(x / 3, 6), 1.0 / 6) + 2);
}

// Ie-eff, §7.5. Losses further apart than random ones are taken for random.
double equipment(const Impairments& of) {
  if (of.lost_percent <= 0) return of.equipment;
  const double burst_ratio = std::max(1.0, of.burst_ratio);
  return of.equipment + (95 - of.equipment) * of.lost_percent /
                            (of.lost_percent / burst_ratio + of.loss_robustness);
}

}  // namespace

double rating_of(const Impairments& impairments) {
  const double delay_ms = std::max(0.0, impairments.delay_ms);
  const double rating = kWithoutDelay - talker_echo(delay_ms) - listener_echo(delay_ms) -
                        absolute_delay(delay_ms) - equipment(impairments);
  return std::max(0.0, rating);
}

double mos_of_rating(double rating) {
  constexpr double kBest = 4.5;
  if (rating <= 0) return 1;
  if (rating >= 100) return kBest;
  return std::clamp(1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6, 1.0,
                    kBest);
}

}  // namespace koegura::decode
