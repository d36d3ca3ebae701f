#include "csv.h"

#include <algorithm>

namespace koegura::store {

namespace {

constexpr std::size_t kMostFields = 64;

bool is_blank(const CsvRecord& record) {
  return std::all_of(record.fields.begin(), record.fields.end(), [](const std::string& field) {
    return field.find_first_not_of(" \t") == std::string::npos;
  });
}

}  // namespace

std::optional<CsvRecord> CsvReader::next() {
  while (!rest_.empty()) {
    CsvRecord record;
    record.line = line_;
    take_record(record);
    if (!record.fault.empty() || !is_blank(record)) return record;
  }
  return std::nullopt;
}

std::string_view CsvReader::take(std::size_t size) {
  const std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(taken.size());
  line_ += static_cast<std::size_t>(std::count(taken.begin(), taken.end(), '\n'));
  return taken;
}

bool CsvReader::at_line_end() const {
  return rest_.empty() || rest_.starts_with('\n') || rest_.starts_with("\r\n") || rest_ == "\r";
}

void CsvReader::skip_line() {
  const std::size_t end = rest_.find('\n');
  take(end == std::string_view::npos ? rest_.size() : end + 1);
}

void CsvReader::take_record(CsvRecord& record) {
  while (record.fault.empty()) {
    record.fault = take_field(record.fields.emplace_back());
    if (!record.fault.empty() || at_line_end()) break;
    take(1);  // the comma
    if (record.fields.size() == kMostFields) record.fault = "more than 64 columns: leave some out";
  }
  skip_line();
}

std::string_view CsvReader::take_field(std::string& field) {
  if (rest_.starts_with('"')) return take_quoted(field);
  std::string_view text = rest_.substr(0, rest_.find_first_of(",\n"));
  const bool ends_line = text.size() == rest_.size() || rest_[text.size()] == '\n';
  if (ends_line && text.ends_with('\r')) text.remove_suffix(1);
  if (text.find('"') != std::string_view::npos) {
    return "a quote within a field: put the whole field in quotes, and double those in it";
  }
  field = take(text.size());
  return {};
}

std::string_view CsvReader::take_quoted(std::string& field) {
  take(1);
  while (true) {
    const std::size_t quote = rest_.find('"');
    if (quote == std::string_view::npos) {
      take(rest_.size());
      return "the quote that opens a field is not closed: close it";
    }
    field += take(quote);
    take(1);
    if (!rest_.starts_with('"')) break;
    field += take(1);
  }
  if (rest_.starts_with(',') || at_line_end()) return {};
  return "something follows the quote that closes a field: a comma or the line's end must";
}

std::string csv_field(std::string_view text) {
  const bool is_plain = text.find_first_of(",\"\r\n") == std::string_view::npos;
  if (is_plain) return std::string(text);
  std::string field = "\"";
  for (const char c : text) {
    if (c == '"') field += '"';
    field += c;
  }
  return field + '"';
}

}  // namespace koegura::store
