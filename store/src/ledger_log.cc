#include "ledger_log.h"

#include <filesystem>

#include "bag_manifest.h"
#include "checkpoint.h"
#include "durable_file.h"
#include "ledger_lines.h"

namespace koegura::store {

namespace {

constexpr unsigned kSecretMode = 0600;

bool is_there(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error) || error;
}

std::string what_to_do(const LedgerPaths& paths) {
  return ": nothing is written to it. `koegura verify` names what was changed; restore " +
         paths.folder + " from a copy, or move it away, and a new ledger begins";
}

tl::unexpected<Error> refused(const LedgerPaths& paths, const std::string& why) {
  return failure("the ledger " + paths.folder + ": " + why + what_to_do(paths),
                 ErrorKind::kVerification);
}

// The public half is there first: a key is never without it.
Result<void> make_key(const LedgerPaths& paths) {
  const Result<SigningKey> key = SigningKey::generate();
  if (!key) return tl::make_unexpected(key.error());
  const Result<std::string> secret = key->pem();
  if (!secret) return tl::make_unexpected(secret.error());
  const Result<VerifyingKey> shown = key->public_half();
  if (!shown) return tl::make_unexpected(shown.error());
  return write_file(paths.public_key(), shown->pem()).and_then([&] {
    return write_file(paths.key(), *secret, kSecretMode);
  });
}

Result<SigningKey> load_key(const LedgerPaths& paths) {
  if (!is_there(paths.key())) {
    if (is_there(paths.checkpoint()) || is_there(paths.entries())) {
      return refused(paths, "its key is missing");
    }
    if (Result<void> made = make_key(paths); !made) {
      return tl::make_unexpected(std::move(made).error());
    }
  }
  const Result<std::string> pem = read_file(paths.key(), kMostHeadBytes);
  if (!pem) return tl::make_unexpected(pem.error());
  Result<SigningKey> key = SigningKey::from_pem(*pem);
  if (!key) return refused(paths, "its key cannot be read: " + key.error().message);
  if (!is_there(paths.public_key())) return refused(paths, "key.pub is missing");
  const Result<std::string> shown = read_file(paths.public_key(), kMostHeadBytes);
  if (!shown) return tl::make_unexpected(shown.error());
  const Result<VerifyingKey> own = key->public_half();
  if (!own) return tl::make_unexpected(own.error());
  if (own->pem() != *shown) {
    return refused(paths, "key.pub is not the public half of its key");
  }
  return key;
}

// Of an empty tree, before there is any entry: so entries without a head are never a ledger.
Result<TreeHead> first_head(const LedgerPaths& paths, const SigningKey& key,
                            const std::string& origin) {
  if (file_size(paths.entries()).value_or(0) > 0) return refused(paths, "its head is missing");
  const TreeHead empty{.size = 0, .root = CompactTree().root()};
  return sign_checkpoint({origin, empty}, key)
      .and_then([&](const std::string& note) { return write_file(paths.checkpoint(), note); })
      .map([&] { return empty; });
}

Result<TreeHead> load_head(const LedgerPaths& paths, const SigningKey& key,
                           const VerifyingKey& verifying) {
  if (!is_there(paths.checkpoint())) return first_head(paths, key, origin_of(verifying));
  const Result<std::string> note = read_file(paths.checkpoint(), kMostHeadBytes);
  if (!note) return tl::make_unexpected(note.error());
  const Result<Checkpoint> checkpoint = verify_checkpoint(*note, verifying);
  if (!checkpoint) return refused(paths, "its checkpoint: " + checkpoint.error().message);
  return checkpoint->tree;
}

std::string entries_text(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " entry" : " entries");
}

}  // namespace

Result<LedgerLog> LedgerLog::open(const LedgerPaths& paths, bool sync) {
  if (Result<void> made = make_folders(paths.folder, sync); !made) {
    return tl::make_unexpected(std::move(made).error());
  }
  Result<SigningKey> key = load_key(paths);
  if (!key) return tl::make_unexpected(std::move(key).error());
  const Result<VerifyingKey> verifying = key->public_half();
  if (!verifying) return tl::make_unexpected(verifying.error());
  const Result<TreeHead> head = load_head(paths, *key, *verifying);
  if (!head) return tl::make_unexpected(head.error());
  Result<OpenFile> entries = OpenFile::for_writing(paths.entries());
  if (!entries) return tl::make_unexpected(std::move(entries).error());
  Result<OpenFile> leaves = OpenFile::for_writing(paths.leaves());
  if (!leaves) return tl::make_unexpected(std::move(leaves).error());
  LedgerLog log(paths, sync, std::move(*key), origin_of(*verifying),
                {.entries = std::move(*entries), .leaves = std::move(*leaves)});
  if (Result<void> recovered = log.recover(*head); !recovered) {
    return tl::make_unexpected(std::move(recovered).error());
  }
  return log;
}

Result<void> LedgerLog::recover(const TreeHead& head) {
  Result<bool> taken = take_signed(head);
  if (taken && !*taken) {
    if (Result<void> made = make_leaves(head); !made) return made;
    taken = take_signed(head);
  }
  if (!taken) return tl::make_unexpected(std::move(taken).error());
  if (!*taken) return refused(paths_, "its leaves change while they are read");
  signed_ = head.size;
  return take_unsigned().and_then([&] { return entries_.sync(); }).and_then([&] {
    return sync_path(paths_.folder);
  });
}

// False if the leaves are not those that the head was signed of.
Result<bool> LedgerLog::take_signed(const TreeHead& head) {
  Result<LedgerLeaves> leaves = LedgerLeaves::read(leaves_);
  if (!leaves) return tl::make_unexpected(std::move(leaves).error());
  if (leaves->count() < head.size) return false;
  tree_ = CompactTree();
  for (std::uint64_t index = 0; index < head.size; ++index) {
    const Result<Leaf> leaf = leaves->at(index);
    if (!leaf) return tl::make_unexpected(leaf.error());
    tree_.append(leaf->hash);
  }
  if (tree_.root() != head.root) return false;
  return take_last_signed(*leaves, head.size);
}

// Where it ends the next one is written: no hash guards that number.
Result<bool> LedgerLog::take_last_signed(LedgerLeaves& leaves, std::uint64_t count) {
  end_ = 0;
  if (count == 0) return true;
  const Result<Leaf> last = leaves.at(count - 1);
  if (!last) return tl::make_unexpected(last.error());
  const Result<std::uint64_t> begin = leaves.begin_of(count - 1);
  if (!begin) return tl::make_unexpected(begin.error());
  LedgerLines lines(entries_, *begin, UINT64_MAX);
  const auto line = lines.next();
  if (!line) return tl::make_unexpected(line.error());
  if (!*line || Leaf{.hash = leaf_hash(**line), .end = lines.offset()} != *last) return false;
  end_ = last->end;
  return true;
}

// Anew, from the entries; those of the old file stay if the entries are not what was signed.
Result<void> LedgerLog::make_leaves(const TreeHead& head) {
  const std::string path = paths_.leaves() + ".new";
  discard_file(path);
  Result<OpenFile> file = OpenFile::for_writing(path);
  if (!file) return tl::make_unexpected(std::move(file).error());
  LedgerLines lines(entries_, 0, UINT64_MAX);
  CompactTree tree;
  while (tree.size() < head.size) {
    const auto line = lines.next();
    if (!line) return tl::make_unexpected(line.error());
    if (!*line) break;
    const Leaf leaf{.hash = leaf_hash(**line), .end = lines.offset()};
    Result<void> written = file->write_at(tree.size() * kLeafBytes, encode_leaf(leaf));
    if (!written) return written;
    tree.append(leaf.hash);
  }
  if (tree.size() == head.size && tree.root() == head.root) {
    leaves_ = std::move(*file);
    return move_into_place(path, paths_.leaves(), /*sync=*/true);
  }
  discard_file(path);
  if (tree.size() < head.size) {
    return refused(paths_, "it has " + entries_text(tree.size()) + ", and its last signed head " +
                               "says " + entries_text(head.size));
  }
  return refused(paths_, "its entries are not those that its last head was signed of");
}

// The leaf of the next entry; none if there is none, or the disk lost what was written there.
Result<std::optional<Leaf>> LedgerLog::acknowledged(LedgerLeaves& leaves) const {
  if (size() >= leaves.count() || !sync_) return std::nullopt;
  const Result<Leaf> leaf = leaves.at(size());
  if (!leaf) return tl::make_unexpected(leaf.error());
  if (*leaf == Leaf{}) return std::nullopt;
  return *leaf;
}

Result<void> LedgerLog::take_unsigned() {
  Result<LedgerLeaves> leaves = LedgerLeaves::read(leaves_);
  if (!leaves) return tl::make_unexpected(std::move(leaves).error());
  LedgerLines lines(entries_, end_, UINT64_MAX);
  while (true) {
    const auto line = lines.next();
    if (!line) return tl::make_unexpected(line.error());
    const auto known = acknowledged(*leaves);
    if (!known) return tl::make_unexpected(known.error());
    if (!*line && *known) {
      return refused(paths_, "it has " + entries_text(size()) + ", and " +
                                 entries_text(leaves->count()) + " were written");
    }
    if (!*line) break;
    const Leaf leaf{.hash = leaf_hash(**line), .end = lines.offset()};
    if (*known && **known != leaf) {
      return refused(paths_, "entry " + std::to_string(size()) + " was changed");
    }
    if (!*known && !parse_entry(**line, size())) break;  // what a crash left
    Result<void> written;
    if (!*known) written = leaves_.write_at(size() * kLeafBytes, encode_leaf(leaf));
    if (!written) return written;
    tree_.append(leaf.hash);
    end_ = leaf.end;
  }
  return entries_.truncate(end_).and_then([&] { return leaves_.truncate(size() * kLeafBytes); });
}

Result<void> LedgerLog::append(std::span<LedgerEntry> entries) {
  CompactTree tree = tree_;
  std::string lines;
  std::string leaves;
  for (LedgerEntry& entry : entries) {
    entry.set_sequence(static_cast<std::uint32_t>(tree.size()));
    const Result<std::string> line = entry_line(entry);
    if (!line) return tl::make_unexpected(line.error());
    lines += *line;
    const std::string_view without_end = std::string_view(*line).substr(0, line->size() - 1);
    const Leaf leaf{.hash = leaf_hash(without_end), .end = end_ + lines.size()};
    leaves += encode_leaf(leaf);
    tree.append(leaf.hash);
  }
  if (Result<void> written = write(lines, leaves); !written) {
    take_back();
    return written;
  }
  tree_ = std::move(tree);
  end_ += lines.size();
  return {};
}

Result<void> LedgerLog::write(std::string_view lines, std::string_view leaves) {
  Result<void> written = entries_.write_at(end_, lines);
  if (written && sync_) written = entries_.sync();
  if (!written) return written;
  written = leaves_.write_at(size() * kLeafBytes, leaves);
  if (written && leaves_refused_) written = leaves_.sync();
  leaves_refused_ = !written;
  return written;
}

// What cannot be cut now is written over by the next append, or cut at the next start.
void LedgerLog::take_back() {
  static_cast<void>(leaves_.truncate(size() * kLeafBytes));
  static_cast<void>(entries_.truncate(end_));
}

Result<void> LedgerLog::sign_head() {
  if (signed_ == size()) return {};
  const TreeHead head{.size = size(), .root = tree_.root()};
  return entries_.sync()
      .and_then([&] {
        return sign_checkpoint({origin_, head}, key_);
      })
      .and_then([&](const std::string& note) { return write_file(paths_.checkpoint(), note); })
      .map([&] { signed_ = head.size; });
}

Result<Signature> LedgerLog::sign_manifest(std::string_view manifest) const {
  const auto lines = parse_manifest(manifest);
  if (!lines || lines->empty()) {
    return failure("what is to be signed is no manifest of a bundle", ErrorKind::kUsage);
  }
  return key_.sign(manifest);
}

}  // namespace koegura::store
