// koegura status: the archive on one screen.
#include <algorithm>
#include <cstdio>

#include "accounting_report.h"
#include "archive_access.h"
#include "command.h"
#include "json.h"
#include "quantity_text.h"
#include "terminal.h"
#include "text_width.h"
#include "time_text.h"

namespace koegura::tools {

namespace {

// Growth over less than a day says nothing about the next year.
constexpr double kLeastDays = 1;
constexpr double kFewDays = 30;
constexpr double kManyDays = 3650;  // beyond any plan, and any rate's meaning

Status status_of(const std::string& directory, const store::ArchiveSummary& summary) {
  Status status;
  status.set_archive(printable(directory));
  status.set_calls(static_cast<double>(summary.calls));
  status.set_file_bytes(static_cast<double>(summary.file_bytes));
  status.set_disk_free_bytes(static_cast<double>(summary.disk_free_bytes));
  status.set_disk_total_bytes(static_cast<double>(summary.disk_total_bytes));
  if (!summary.oldest || !summary.newest) return status;
  set_time(*status.mutable_oldest(), *summary.oldest);
  set_time(*status.mutable_newest(), *summary.newest);
  const double days = to_seconds(*summary.newest - *summary.oldest) / 86400;
  if (days < kLeastDays || summary.file_bytes == 0) return status;
  status.set_bytes_per_day(status.file_bytes() / days);
  status.set_days_left(status.disk_free_bytes() / status.bytes_per_day());
  return status;
}

void line(std::string_view label, const std::string& text) {
  std::printf("%s%s\n", padded(label, 12).c_str(), text.c_str());
}

std::string bytes_of(double bytes) {
  return bytes_text(static_cast<std::uint64_t>(bytes));
}

void print(const Status& status) {
  line("archive", status.archive());
  std::string calls = count_text(static_cast<std::uint64_t>(status.calls()));
  if (status.has_oldest()) {
    calls += ", from " + local_time(time_of(status.oldest())) + " to " +
             local_time(time_of(status.newest()));
  }
  line("calls", calls);
  line("size", bytes_of(status.file_bytes()));
  line("disk",
       bytes_of(status.disk_free_bytes()) + " free of " + bytes_of(status.disk_total_bytes()));
  if (status.bytes_per_day() > 0) {
    const std::string days =
        status.days_left() > kManyDays
            ? "lasts more than 10 years"
            : "lasts about " + plural(static_cast<std::uint64_t>(status.days_left()), "day");
    const std::string left = days + " at " + bytes_of(status.bytes_per_day()) + " a day";
    line("", coloured(status.days_left() < kFewDays ? Colour::kRed : Colour::kPlain, left));
  } else {
    line("", "days left: too early to tell, the calls span less than a day");
  }
  if (!status.has_last_record()) return;
  const Accounting& last = status.last_record();
  line("last record",
       local_time(time_of(last.finished())) + (last.interrupted() ? ", interrupted" : ""));
  for (const std::string& text : accounting_lines(last)) line("", text);
  const std::string wrong = imbalance(last);
  if (!wrong.empty()) line("", coloured(Colour::kRed, wrong));
}

class StatusCommand : public Command {
 public:
  void declare(Options& /*options*/) override {}

  Result<void> run(const Session& session) override {
    auto archive = open_for_reading(session);
    if (!archive) return tl::make_unexpected(std::move(archive.error()));
    const auto summary = (*archive)->summary();
    if (!summary) return tl::make_unexpected(summary.error());
    Status status = status_of(session.archive, *summary);
    auto last = load_accounting(session.archive);
    if (last) {
      *status.mutable_last_record() = std::move(*last);
    } else if (last.error().kind != ErrorKind::kNotFound) {
      return tl::make_unexpected(std::move(last.error()));
    }
    if (session.json) {
      std::puts(json_of(status).c_str());
    } else {
      print(status);
    }
    return {};
  }
};

}  // namespace

std::unique_ptr<Command> make_status_command() {
  return std::make_unique<StatusCommand>();
}

}  // namespace koegura::tools
