// Defect: what can be wrong with bytes from the wire. Expected, counted, never logged per
// packet. Each has a stable id (for counters and JSON) and one sentence for people.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace koegura::capture {

// X(enumerator, id, sentence). Grouped in the order a packet meets them.
#define KOEGURA_DEFECTS(X)                                                                         \
  X(kUnknownLinkType, "unknown_link_type", "the link type is not one we take apart")               \
  X(kFrameTruncated, "frame_truncated", "the frame ends within a link-layer header")               \
  X(kTooDeep, "too_deep", "more encapsulations than the fixed depth")                              \
  X(kIpBadVersion, "ip_bad_version", "the IP version is neither 4 nor 6")                          \
  X(kIpBadHeaderLength, "ip_bad_header_length", "the IP header length is impossible")              \
  X(kIpTruncated, "ip_truncated", "the frame ends before the IP datagram does")                    \
  X(kIpv6BadExtension, "ipv6_bad_extension", "an IPv6 extension header runs past the datagram")    \
  X(kFragmentOverlap, "fragment_overlap", "IP fragments overlap")                                  \
  X(kFragmentBadLength, "fragment_bad_length",                                                     \
    "the lengths of IP fragments contradict each other")                                           \
  X(kFragmentTimeout, "fragment_timeout", "fragments of a datagram never arrived")                 \
  X(kFragmentTooLarge, "fragment_too_large", "fragments make a datagram of over 65,535 bytes")     \
  X(kFragmentTableFull, "fragment_table_full", "too many datagrams are in reassembly")             \
  X(kUdpTruncated, "udp_truncated", "the UDP header or payload runs past the datagram")            \
  X(kTcpTruncated, "tcp_truncated", "the TCP header runs past the datagram")                       \
  X(kTcpGap, "tcp_gap", "a TCP segment was lost within a SIP message")                             \
  X(kSipBadStartLine, "sip_bad_start_line", "the start line is neither request nor status")        \
  X(kSipBadVersion, "sip_bad_version", "the SIP version is not 2.0")                               \
  X(kSipBadHeader, "sip_bad_header", "a header line cannot be read")                               \
  X(kSipNoCallId, "sip_no_call_id", "Call-ID is missing")                                          \
  X(kSipNoFrom, "sip_no_from", "From is missing or cannot be read")                                \
  X(kSipNoTo, "sip_no_to", "To is missing or cannot be read")                                      \
  X(kSipNoCseq, "sip_no_cseq", "CSeq is missing or cannot be read")                                \
  X(kSipCseqMethod, "sip_cseq_method", "the CSeq method differs from the request's")               \
  X(kSipBadStatus, "sip_bad_status", "the status code is not between 100 and 699")                 \
  X(kSipTooLarge, "sip_too_large", "the message is larger than the limit")                         \
  X(kSipTruncated, "sip_truncated", "the message ends before its Content-Length")                  \
  X(kSdpBadLine, "sdp_bad_line", "an SDP line cannot be read")                                     \
  X(kSdpBadMedia, "sdp_bad_media", "an SDP media line cannot be read")                             \
  X(kRtpBadHeader, "rtp_bad_header", "CSRC, extension or padding runs past the RTP packet")        \
  X(kRtcpBadHeader, "rtcp_bad_header", "a packet's version or type is not RTCP's")                 \
  X(kRtcpTruncated, "rtcp_truncated", "an RTCP packet runs past its datagram")                     \
  X(kRtcpBadPadding, "rtcp_bad_padding", "the padding of an RTCP packet is impossible")            \
  X(kRtcpBadReport, "rtcp_bad_report", "reports or sources run past the RTCP packet")              \
  X(kRtcpBadDescription, "rtcp_bad_description", "a source description runs past the RTCP packet") \
  X(kRtcpBadBlock, "rtcp_bad_block", "a block of an extended report has an impossible length")

enum class Defect : std::uint8_t {
#define KOEGURA_DEFECT_ENUMERATOR(name, id, sentence) name,
  KOEGURA_DEFECTS(KOEGURA_DEFECT_ENUMERATOR)
#undef KOEGURA_DEFECT_ENUMERATOR
};

inline constexpr Defect kDefects[] = {
#define KOEGURA_DEFECT_VALUE(name, id, sentence) Defect::name,
    KOEGURA_DEFECTS(KOEGURA_DEFECT_VALUE)
#undef KOEGURA_DEFECT_VALUE
};
inline constexpr std::size_t kDefectCount = std::size(kDefects);

[[nodiscard]] std::string_view id_of(Defect defect);
[[nodiscard]] std::string_view sentence_of(Defect defect);

}  // namespace koegura::capture
