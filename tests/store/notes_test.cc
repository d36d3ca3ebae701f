// Notes on calls: where they lie, by which words they are found, and what verify says of those that
// were touched.
#include "store/notes.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "archive_with_ledger.h"
#include "index_format.h"
#include "note_file.h"
#include "query.h"
#include "text_terms.h"

namespace koegura::store {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

Result<ArchiveChanged> note(Archive& archive, const std::string& id, const std::string& text,
                            const std::string& who = "yamada") {
  ArchiveChange change;
  change.mutable_note()->set_call(id);
  change.mutable_note()->set_text(text);
  return archive.change(change, who);
}

Words texts_of(const CallRecord& record) {
  Words texts;
  for (const Note& note : record.notes()) texts.push_back(note.who() + ": " + note.text());
  return texts;
}

Words found_by(const Archive& archive, const CallFilter& filter) {
  Words ids;
  REQUIRE(archive.query(filter, [&](const CallRecord& record) {
    ids.push_back(record.id());
    return true;
  }));
  CHECK(archive.count(filter).value_or(SIZE_MAX) == ids.size());
  return ids;
}

TEST_CASE("a tag is a word behind a number sign, in any width, up to a space or punctuation") {
  CHECK(tags_in("#harassment rude caller") == Words{"harassment"});
  CHECK(tags_in("怒鳴る。＃カスハラ、#要-折り返し #カスハラ") == Words{"カスハラ", "要-折り返し"});
  CHECK(tags_in("#ＶＩＰ #vip") == Words{"ＶＩＰ"});
  CHECK(tags_in("C#, 3# and # alone #").empty());
  CHECK(tag_term("＃Ｖｉｐ") == "#vip");
  CHECK(tag_term("vip") == "#vip");
  CHECK(tag_term("#").empty());
}

TEST_CASE("words are found by their beginnings, Japanese wherever it stands") {
  CallRecord record;
  set_notes(record, {});
  CHECK_FALSE(TextPattern("x").matches(record));
  Note one;
  one.set_text("大声で怒鳴る。ＩＴ推進課へﾃﾝｿｳ, called twice");
  Note two;
  two.set_text("#カスハラ 折り返しは課長から");
  set_notes(record, {one, two});
  const Words terms = terms_of_notes(record);
  CHECK(std::is_sorted(terms.begin(), terms.end()));
  for (const char* words :
       {"怒鳴る", "怒", "推進課 課長", "IT推進", "it", "テンソウ", "CALLED", "call twi",
        "#カスハラ", "＃カスハラ", "カスハラ", "ハラ", "大声で怒鳴る。it", "折り返し　課長"}) {
    CAPTURE(words);
    const TextPattern pattern(words);
    CHECK(pattern.matches(record));
    for (const std::string& term : pattern.terms()) {
      CHECK(std::binary_search(terms.begin(), terms.end(), term));
    }
    for (const std::string& beginning : pattern.beginnings()) {
      CHECK(std::any_of(terms.begin(), terms.end(),
                        [&](const std::string& term) { return term.starts_with(beginning); }));
    }
  }
  for (const char* words : {"怒号", "alled", "T推進", "#カス", "課長 部長", "声大"}) {
    CAPTURE(words);
    CHECK_FALSE(TextPattern(words).matches(record));
  }
  CHECK(TextPattern("").empty());
  CHECK(TextPattern("!? …").empty());
}

TEST_CASE("a text that cannot be kept is refused, and why") {
  CHECK(note_text("　 ok  ").value_or("") == "ok");
  const auto refusal = [](const std::string& text) {
    const auto kept = note_text(text);
    return kept ? "kept" : kept.error().message;
  };
  CHECK(refusal(" 　").find("empty") != std::string::npos);
  CHECK(refusal("\xFF").find("UTF-8") != std::string::npos);
  CHECK(refusal("two\nlines").find("character 4 cannot be printed") != std::string::npos);
  CHECK(refusal("\xE2\x80\xAE"
                "turned")
            .find("character 1") != std::string::npos);
  CHECK(refusal(std::string(kMostNoteBytes, 'x')) == "kept");
  CHECK(refusal(std::string(kMostNoteBytes + 1, 'x')).find("4001 bytes") != std::string::npos);
}

TEST_CASE("notes are in the record, are found by, stay through a reindex, and are in the ledger") {
  const ArchiveWithLedger kept;
  {
    const auto archive = open(kept.path);
    REQUIRE(note(*archive, kept.id, "折り返しは課長から"));
    REQUIRE(note(*archive, kept.id, " #カスハラ 大声 ", ""));
    const auto nobody = note(*archive, "01ARZ3NDEKTSV4RRFFQ69G5FAV", "x");
    REQUIRE_FALSE(nobody);
    CHECK(nobody.error().kind == ErrorKind::kNotFound);
    const CallRecord record = *archive->find(kept.id);
    CHECK(texts_of(record)[0] == "yamada: 折り返しは課長から");
    CHECK(record.notes(1).text() == "#カスハラ 大声");
    CHECK_FALSE(record.notes(1).who().empty());  // whose process it is
    CHECK(Words(record.tags().begin(), record.tags().end()) == Words{"カスハラ"});
    CHECK(found_by(*archive, {.tag = "#カスハラ"}) == Words{kept.id});
    CHECK(found_by(*archive, {.state = "answered", .tag = "ｶｽﾊﾗ"}) == Words{kept.id});
    CHECK(found_by(*archive, {.number = "2301", .text = "課長 大声"}) == Words{kept.id});
    CHECK(found_by(*archive, {.text = "折"}) == Words{kept.id});
    CHECK(found_by(*archive, {.text = "部長"}).empty());
    CHECK(found_by(*archive, {.tag = "vip"}).empty());
  }
  CHECK(all_faults(kept.path) == Faults{});
  const auto entries = entries_of(kept.path, "note");
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].call() == kept.id);
  CHECK(entries[0].who() == "yamada");
  CHECK(entries[0].note_sha256().size() == 64);
  CHECK(to_json(entries[0]).find("課長") == std::string::npos);
  const std::string before = to_json(*open(kept.path, OpenMode::kRead)->find(kept.id));
  REQUIRE(reindex(
      kept.path, {}, [](const auto&, const Error& why) { FAIL(why.message); }, [](auto, auto) {}));
  CHECK(to_json(*open(kept.path, OpenMode::kRead)->find(kept.id)) == before);
  CHECK(found_by(*open(kept.path, OpenMode::kRead), {.text = "大声"}) == Words{kept.id});
  // The row is lost, or the file and the row: both come back.
  kept.inside(
      [&](const ArchiveFolder&, Index& index) { REQUIRE(index.remove(*Ulid::parse(kept.id), 0)); });
  CHECK(to_json(*open(kept.path)->find(kept.id)) == before);
  fs::remove(kept.file);
  REQUIRE(open(kept.path)->put(numbered(1)));
  CHECK(texts_of(*open(kept.path)->find(kept.id)).size() == 2);
  CHECK(all_faults(kept.path) == Faults{});
}

TEST_CASE(
    "notes that are not what was written are found: changed, cut, removed, or added by hand") {
  const ArchiveWithLedger kept;
  const std::string path = notes_path(kept.file);
  REQUIRE(note(*open(kept.path), kept.id, "first"));
  REQUIRE(note(*open(kept.path), kept.id, "second"));
  const std::string whole = content_of(path);
  CHECK(all_faults(kept.path) == Faults{});
  const auto fault = [&](const std::string& content) {
    write_content(path, content);
    const Faults faults = all_faults(kept.path);
    return faults.size() == 1 ? faults.front() : std::to_string(faults.size()) + " faults";
  };
  std::string changed = whole;
  changed.replace(changed.find("second"), 6, "Second");
  CHECK(fault(changed).find("note 2 is not what was written") != std::string::npos);
  CHECK(fault(whole.substr(0, whole.find('\n') + 1)).find("some were removed") !=
        std::string::npos);
  CHECK(fault(whole.substr(whole.find('\n') + 1)).find("some were removed") != std::string::npos);
  CHECK(fault("").find("some were removed") != std::string::npos);
  CHECK(fault("no note\n").find("line 1 is no note") != std::string::npos);
  const std::string added = whole + whole.substr(0, whole.find('\n') + 1);
  CHECK(fault(added).find("notes that are not in the ledger") != std::string::npos);
  write_content(path, whole);
  CHECK(all_faults(kept.path) == Faults{});
}

TEST_CASE(
    "a note that was cut short is taken back by the next start, or finished if it is in the "
    "ledger") {
  const ArchiveWithLedger kept;
  const std::string path = notes_path(kept.file);
  const Ulid id = *Ulid::parse(kept.id);
  REQUIRE(note(*open(kept.path), kept.id, "first"));
  const std::string first = content_of(path);
  const auto mark = [&](const std::string& value) {
    kept.inside([&](const ArchiveFolder&, Index& index) {
      REQUIRE(index.change_now({{annotation_key(id), value}}));
    });
  };
  const std::string before = std::to_string(first.size()) + " 0";
  SUBCASE("with half a line") {
    write_content(path, first + "{\"time\"");
  }
  SUBCASE("with a line") {
    write_content(path, first + first.substr(0, first.size() - 4) + "2\"}\n");
  }
  SUBCASE("with nothing but its mark") {}
  mark(before);
  CHECK(texts_of(*open(kept.path)->find(kept.id)) == Words{"yamada: first"});
  CHECK(content_of(path) == first);
  // The entry is there, and the index was not told.
  REQUIRE(note(*open(kept.path), kept.id, "second"));
  kept.inside([&](const ArchiveFolder&, Index& index) {
    CallRecord record = **index.get(id);
    record.mutable_notes()->RemoveLast();
    REQUIRE(index.annotate(record));
    REQUIRE(index.change_now({{annotation_key(id), before}}));
  });
  CHECK(texts_of(*open(kept.path)->find(kept.id)).size() == 2);
  CHECK(all_faults(kept.path) == Faults{});
  kept.inside([&](const ArchiveFolder&, Index& index) {
    CHECK_FALSE(index.value(annotation_key(id))->has_value());
  });
}

TEST_CASE("a call takes so many notes and no more") {
  const ArchiveWithLedger kept;
  std::string lines;
  for (std::size_t i = 0; i + 1 < kMostNotes; ++i)
    lines += R"({"time":"2026-11-21T01:02:03Z","text":"x"})"
             "\n";
  write_content(notes_path(kept.file), lines);
  const auto archive = open(kept.path);
  REQUIRE(note(*archive, kept.id, "the last"));
  const auto refused = note(*archive, kept.id, "one more");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("100 notes") != std::string::npos);
  CHECK(archive->find(kept.id)->notes_size() == 100);
}

}  // namespace
}  // namespace koegura::store
