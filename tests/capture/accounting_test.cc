#include "capture/accounting.h"

#include <doctest/doctest.h>

#include <set>
#include <string_view>

using namespace koegura::capture;

TEST_CASE("every defect has an id of its own and a sentence") {
  std::set<std::string_view> ids;
  for (const Defect defect : kDefects) {
    CHECK(id_of(defect).find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") ==
          std::string_view::npos);
    CHECK(ids.insert(id_of(defect)).second);
    CHECK_FALSE(sentence_of(defect).empty());
  }
  CHECK(id_of(Defect::kRtpBadHeader) == "rtp_bad_header");
}

TEST_CASE("every outcome and every drop has the name that 2-CLI gives it") {
  CHECK(name_of(Outcome::kSip) == "sip");
  CHECK(name_of(Outcome::kRtp) == "rtp");
  CHECK(name_of(Outcome::kRtcp) == "rtcp");
  CHECK(name_of(Outcome::kT38) == "t38");
  CHECK(name_of(Outcome::kDuplicate) == "duplicate");
  CHECK(name_of(Outcome::kNotVoip) == "not_voip");
  CHECK(name_of(Outcome::kUnclaimed) == "unclaimed");
  CHECK(name_of(Drop::kSpoolFull) == "spool_full");
}

TEST_CASE("what has an outcome, a defect or a drop is accounted; the rest is pending") {
  Accounting accounting;
  accounting.received = 10;
  accounting.count(Outcome::kRtp, 4);
  accounting.count(Outcome::kUnclaimed);
  accounting.count(Defect::kIpTruncated, 2);
  accounting.count(Drop::kSpoolFull);
  CHECK(accounting.accounted() == 8);
  CHECK(accounting.pending() == 2);
}
