// assess: the streams of a rendered call with their quality, whom its losses are due to, and what
// of quality is the call's own.
//
//   watch_reports (of each stream, before its first packet) → render → assess
#pragma once

#include <memory>
#include <span>

#include "decode/rendered_call.h"
#include "rtcp_log.h"
#include "speech_meter.h"
#include "stream_renderer.h"

namespace koegura::decode {

// The stream notes what it had received when each of its reports passed.
void watch_reports(StreamRenderer& stream, const RtcpLog& rtcp);

struct AssessedCall {
  const capture::FinishedCall& call;
  const RtcpLog& rtcp;
  CallSpeech speech;
};

// Adds out.streams, and to out.spans (all of them are there) who lost what. REQUIRES: all streams
// are over.
void assess(const AssessedCall& assessed, std::span<const std::unique_ptr<StreamRenderer>> streams,
            RenderedCall& out);

}  // namespace koegura::decode
