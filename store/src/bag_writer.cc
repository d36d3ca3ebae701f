#include "bag_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <utility>

#include "durable_file.h"
#include "open_file.h"
#include "sha256.h"

namespace koegura::store {

namespace {

namespace fs = std::filesystem;

constexpr mode_t kMadeFolderMode = 0750;  // as the umask lets it
constexpr unsigned kMostOfOneName = 100;

tl::unexpected<Error> refused_by_disk(const std::string& doing, const std::string& path) {
  return tl::make_unexpected(error_from_errno(doing + " " + path, errno));
}

// What to do, where it is space that is missing: told by who writes, and by what others write.
Error with_advice(Error error, const std::string& path) {
  constexpr std::uint64_t kFull = 1U << 20U;
  struct statvfs disk {};
  const bool is_known = ::statvfs(path.c_str(), &disk) == 0;
  if (is_known && std::uint64_t{disk.f_bavail} * disk.f_frsize < kFull) {
    error.message += ": it is full; take one with more room, or export fewer calls at a time";
  }
  return error;
}

class BagFile {
 public:
  explicit BagFile(const std::string& path)
      : path_(path),
        descriptor_(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode)) {}
  BagFile(const BagFile&) = delete;
  BagFile& operator=(const BagFile&) = delete;
  ~BagFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] int descriptor() const { return descriptor_; }
  // A disk may tell at the close only that it could not.
  [[nodiscard]] Result<void> close() {
    const bool synced = ::fsync(descriptor_) == 0;
    if (!synced) return refused_by_disk("writing", path_);
    if (::close(std::exchange(descriptor_, -1)) != 0) return refused_by_disk("writing", path_);
    return {};
  }

 private:
  const std::string& path_;
  int descriptor_;
};

// Of some filesystems a folder cannot be synced, and need not be.
Result<void> sync_folder(const std::string& path) {
  const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return refused_by_disk("opening", path);
  const bool is_done = ::fsync(folder) == 0 || errno == EINVAL || errno == ENOSYS;
  const int error = errno;
  ::close(folder);
  errno = error;
  return is_done ? Result<void>() : refused_by_disk("syncing", path);
}

Result<void> write_to(int file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return refused_by_disk("writing", path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

BagWriter::BagWriter(std::string directory, std::string name)
    : directory_(std::move(directory)),
      name_(std::move(name)),
      part_(directory_ + "/" + name_ + ".part") {
  folders_.push_back(part_);
}

BagWriter::BagWriter(BagWriter&& other) noexcept
    : directory_(std::move(other.directory_)),
      name_(std::move(other.name_)),
      part_(std::exchange(other.part_, {})),
      folders_(std::move(other.folders_)),
      lines_(std::move(other.lines_)),
      read_back_(other.read_back_),
      bytes_(other.bytes_) {}

BagWriter::~BagWriter() {
  if (part_.empty()) return;
  std::error_code ignored;
  // Without these nothing of it verifies, should the rest not go.
  for (const ManifestLine& line : lines_) {
    if (line.path.find('/') == std::string::npos) fs::remove(at(line.path), ignored);
  }
  fs::remove_all(part_, ignored);
}

Result<BagWriter> BagWriter::create(const std::string& directory, const std::string& name) {
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return failure(directory + " is no folder that is there", ErrorKind::kUsage);
  }
  std::string free_name = name;
  for (unsigned number = 2; number <= kMostOfOneName; ++number) {
    const std::string bag = directory + "/" + free_name;
    const bool is_taken = ::access(bag.c_str(), F_OK) == 0;
    const std::string part = bag + ".part";
    if (!is_taken && ::mkdir(part.c_str(), kMadeFolderMode) == 0)
      return BagWriter(directory, free_name);
    if (!is_taken && errno != EEXIST) return refused_by_disk("making", part);
    free_name = name + "-" + std::to_string(number);
  }
  return failure(directory + " has " + name + " already, many times", ErrorKind::kUsage);
}

Result<void> BagWriter::add_by(const std::string& path, const WriteTo& write) {
  for (std::size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string folder = at(path.substr(0, slash));
    if (std::find(folders_.rbegin(), folders_.rend(), folder) != folders_.rend()) continue;
    if (::mkdir(folder.c_str(), kMadeFolderMode) != 0) return refused_by_disk("making", folder);
    folders_.push_back(folder);
  }
  const std::string file_path = at(path);
  BagFile file(file_path);
  if (file.descriptor() < 0) return refused_by_disk("making", file_path);
  lines_.push_back({.sha256 = {}, .path = path});
  Result<void> written = write(file.descriptor());
  if (!written) return tl::make_unexpected(with_advice(std::move(written).error(), part_));
  // From memory still: what was written, whatever the disk makes of it.
  const Result<Sha256> hash = sha256_of_file(file_path);
  if (!hash) return tl::make_unexpected(hash.error());
  lines_.back().sha256 = hex(*hash);
  bytes_ += file_size(file_path).value_or(0);
  return file.close().map_error([&](Error error) { return with_advice(std::move(error), part_); });
}

Result<void> BagWriter::add(const std::string& path, std::string_view bytes) {
  return add_by(path, [&](int file) { return write_to(file, bytes, at(path)); });
}

Result<void> BagWriter::add_copy(const std::string& path, const std::string& from) {
  const Result<OpenFile> source = OpenFile::for_reading(from);
  if (!source) return tl::make_unexpected(source.error());
  return add_by(path, [&](int file) -> Result<void> {
    std::vector<char> block(256U << 10U);
    for (std::uint64_t done = 0; true; done += block.size()) {
      const Result<std::size_t> got = source->read_at(done, block);
      if (!got) return tl::make_unexpected(got.error());
      Result<void> written = write_to(file, {block.data(), *got}, at(path));
      if (!written || *got < block.size()) return written;
    }
  });
}

Result<void> BagWriter::read_back() {
  for (const std::string& folder : folders_) {
    if (Result<void> synced = sync_folder(folder); !synced) return synced;
  }
  for (; read_back_ < lines_.size(); ++read_back_) {
    const std::string path = at(lines_[read_back_].path);
    drop_from_cache(path);
    const Result<Sha256> hash = sha256_of_file(path);
    if (!hash) return tl::make_unexpected(Error(hash.error()).in("reading back what was written"));
    if (hex(*hash) != lines_[read_back_].sha256) {
      return failure(path + " does not read as it was written: use another stick or disk");
    }
  }
  return {};
}

Result<std::string> BagWriter::finish() {
  if (Result<void> same = read_back(); !same) return tl::make_unexpected(std::move(same).error());
  const std::string bag = directory_ + "/" + name_;
  if (::rename(part_.c_str(), bag.c_str()) != 0) return refused_by_disk("renaming", part_);
  part_.clear();
  // Its name may not be on the disk: but whole it is.
  return sync_folder(directory_).map([&] { return bag; });
}

}  // namespace koegura::store
