// Checkpoint: a ledger's head, signed, as text (C2SP tlog-checkpoint in a signed-note):
//
//   koegura/0123456789abcdef          the log's name
//   20852                             how many entries
//   CsUYapGGPo4dkMgIAUqom/Xajj7...=   the tree's root, base64
//
//   — koegura/0123456789abcdef Az3grlg...
//
// The last line: its signer's name, then base64 of the first 4 bytes of SHA-256(name || 0x0A ||
// 0x01 || public key) and the Ed25519 signature of the lines before the empty one. Lines after the
// root, and others' signatures, are allowed and passed over.
#pragma once

#include <string>
#include <string_view>

#include "merkle_tree.h"
#include "signing_key.h"

namespace koegura::store {

struct Checkpoint {
  std::string origin;
  TreeHead tree;
};

// The name of the log with this key: one of its own, without asking anybody.
[[nodiscard]] std::string origin_of(const VerifyingKey& key);

[[nodiscard]] Result<std::string> sign_checkpoint(const Checkpoint& checkpoint,
                                                  const SigningKey& key);

// Unverified: what it says of the tree.
[[nodiscard]] Result<Checkpoint> read_checkpoint(std::string_view note);
// kVerification if it is not signed with this key, under the name that goes with it.
[[nodiscard]] Result<Checkpoint> verify_checkpoint(std::string_view note, const VerifyingKey& key);

}  // namespace koegura::store
