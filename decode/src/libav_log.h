// silence_libav: FFmpeg's libraries write to stderr unless told not to; ours never do.
#pragma once

namespace koegura::decode {

// Before the first use of any of them. Any thread, any number of times.
void silence_libav();

}  // namespace koegura::decode
