#include "libav_log.h"

extern "C" {
#include <libavutil/log.h>
}

namespace koegura::decode {

void silence_libav() {
  static const bool once = [] {
    av_log_set_level(AV_LOG_QUIET);
    return true;
  }();
  (void)once;
}

}  // namespace koegura::decode
