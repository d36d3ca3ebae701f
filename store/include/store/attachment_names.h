// What a call's file carries beside its audio, by name.
#pragma once

#include <string_view>

namespace koegura::store {

inline constexpr std::string_view kSignallingPcapng = "signalling.pcapng";
inline constexpr std::string_view kMediaPcapng = "media.pcapng";
inline constexpr std::string_view kWaveform = "waveform.dat";
inline constexpr std::string_view kFaxTiff = "fax.tiff";

}  // namespace koegura::store
