// The depacketisers and decoders that rows of the registry point to, one file a family.
#pragma once

#include <memory>

#include "codec.h"

namespace koegura::decode {

// The payload is one frame: sample-based codecs, Opus (RFC 7587 §4.2), Speex (RFC 5574 §3.3).
bool depacketise_whole(const MediaFormat& format, Bytes payload, FrameList& frames);

bool depacketise_g729(const MediaFormat& format, Bytes payload, FrameList& frames);
bool depacketise_g723(const MediaFormat& format, Bytes payload, FrameList& frames);
bool depacketise_gsm(const MediaFormat& format, Bytes payload, FrameList& frames);
bool depacketise_ilbc(const MediaFormat& format, Bytes payload, FrameList& frames);
bool depacketise_amr(const MediaFormat& format, Bytes payload, FrameList& frames);
bool depacketise_amr_wb(const MediaFormat& format, Bytes payload, FrameList& frames);

std::unique_ptr<Decoder> open_pcmu(const Codec& codec, const MediaFormat& format);
std::unique_ptr<Decoder> open_pcma(const Codec& codec, const MediaFormat& format);
std::unique_ptr<Decoder> open_l16(const Codec& codec, const MediaFormat& format);
std::unique_ptr<Decoder> open_ilbc(const Codec& codec, const MediaFormat& format);
std::unique_ptr<Decoder> open_amr(const Codec& codec, const MediaFormat& format);
std::unique_ptr<Decoder> open_opus(const Codec& codec, const MediaFormat& format);
std::unique_ptr<Decoder> open_speex(const Codec& codec, const MediaFormat& format);
std::unique_ptr<Decoder> open_g726(const Codec& codec, const MediaFormat& format);
std::unique_ptr<Decoder> open_libav(const Codec& codec, const MediaFormat& format);

}  // namespace koegura::decode
