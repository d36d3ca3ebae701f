#include "e_model.h"

#include <doctest/doctest.h>

#include "codec.h"

namespace koegura::decode {
namespace {

using doctest::Approx;

TEST_CASE("with all defaults the rating is G.107's 93.2, a MOS of 4.41") {
  CHECK(rating_of({}) == Approx(93.2).epsilon(0.0005));
  CHECK(mos_of_rating(93.2) == Approx(4.41).epsilon(0.001));
}

TEST_CASE("ratings become the MOS of G.107 table B.1") {
  CHECK(mos_of_rating(90) == Approx(4.34).epsilon(0.002));
  CHECK(mos_of_rating(80) == Approx(4.03).epsilon(0.002));
  CHECK(mos_of_rating(70) == Approx(3.60).epsilon(0.002));
  CHECK(mos_of_rating(60) == Approx(3.10).epsilon(0.002));
  CHECK(mos_of_rating(50) == Approx(2.58).epsilon(0.002));
  CHECK(mos_of_rating(0) == 1.0);
  CHECK(mos_of_rating(-5) == 1.0);
  CHECK(mos_of_rating(100) == 4.5);
}

TEST_CASE("a codec costs what G.113 says, and more with loss") {
  const double clean = rating_of({});
  const auto cost = [&](const Impairments& impairments) { return clean - rating_of(impairments); };
  // G.729A with VAD: Ie 11, Bpl 19: 11 + 84 * 2 / (2 + 19).
  CHECK(cost({.equipment = 11, .loss_robustness = 19}) == Approx(11));
  CHECK(cost({.equipment = 11, .loss_robustness = 19, .lost_percent = 2}) == Approx(19));
  // G.711 without and with concealment: Ie 0, Bpl 4.3 and 25.1.
  CHECK(cost({.loss_robustness = 4.3, .lost_percent = 1}) == Approx(95 / 5.3));
  CHECK(cost({.loss_robustness = 25.1, .lost_percent = 1}) == Approx(95 / 26.1));
}

TEST_CASE("losses in bursts cost more than random ones") {
  const Impairments random{.equipment = 11, .loss_robustness = 19, .lost_percent = 4};
  Impairments bursts = random;
  bursts.burst_ratio = 2;
  CHECK(rating_of(random) - rating_of(bursts) == Approx(84 * 4 / 21.0 - 84 * 4 / 23.0));
  Impairments apart = random;
  apart.burst_ratio = 0.5;
  CHECK(rating_of(apart) == rating_of(random));
}

TEST_CASE("delay costs little to 150 ms, and much beyond 200 (G.107, G.114)") {
  const auto rating = [](double delay_ms) { return rating_of({.delay_ms = delay_ms}); };
  CHECK(rating(50) == Approx(92).epsilon(0.01));
  CHECK(rating(100) == Approx(91).epsilon(0.01));
  CHECK(rating(150) == Approx(90).epsilon(0.015));
  CHECK(rating(250) == Approx(80).epsilon(0.03));
  CHECK(rating(400) == Approx(65).epsilon(0.07));
  for (double delay_ms = 0; delay_ms < 600; delay_ms += 10) {
    CHECK(rating(delay_ms + 10) < rating(delay_ms));
  }
}

TEST_CASE("the registry has G.113's rows") {
  CHECK(find_codec("PCMU")->equipment_impairment == 0);
  CHECK(find_codec("PCMU")->loss_robustness == Approx(4.3));
  CHECK(find_codec("G729")->equipment_impairment == 11);
  CHECK(find_codec("G729")->loss_robustness == 19);
  CHECK(find_codec("G723")->loss_robustness == Approx(16.1));
  CHECK(find_codec("iLBC")->loss_robustness == 32);
}

}  // namespace
}  // namespace koegura::decode
