#include "disk_trim.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <limits>

#include "durable_file.h"

namespace koegura::store {

Result<std::uint64_t> trim_free_blocks(const std::string& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return tl::make_unexpected(error_from_errno(folder, errno));
  fstrim_range range{.start = 0, .len = std::numeric_limits<__u64>::max(), .minlen = 0};
  const int error = ::ioctl(descriptor, FITRIM, &range) == 0 ? 0 : errno;
  ::close(descriptor);
  if (error != 0) return tl::make_unexpected(error_from_errno(folder, error));
  return range.len;
}

}  // namespace koegura::store
