#include "archive_access.h"

namespace koegura::tools {

Result<std::unique_ptr<store::Archive>> open_for_reading(const Session& session) {
  return store::Archive::open(session.archive, store::OpenMode::kRead, session.config.archive);
}

Result<OpenCall> open_call(const Session& session, const std::string& id) {
  auto archive = open_for_reading(session);
  if (!archive) return tl::make_unexpected(std::move(archive.error()));
  auto record = (*archive)->find(id);
  if (!record) return tl::make_unexpected(std::move(record.error()));
  return OpenCall{std::move(*archive), std::move(*record)};
}

}  // namespace koegura::tools
