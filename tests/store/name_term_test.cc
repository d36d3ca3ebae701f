#include "name_term.h"

#include <doctest/doctest.h>

namespace koegura::store {
namespace {

TEST_CASE("a name is found however it was typed") {
  CHECK(name_term("山田 太郎") == name_term("山田太郎"));
  CHECK(name_term("山田　太郎") == "山田太郎");
  CHECK(name_term("ＩＴ推進課") == name_term("it推進課"));
  CHECK(name_term("ﾔﾏﾀﾞ ﾊﾟﾝ ｳﾞ ｶﾞ") == "ヤマダパンヴガ");
  CHECK(name_term("コールセンター") == name_term("ｺｰﾙｾﾝﾀｰ"));
  CHECK(name_term("𠮷田") == "𠮷田");
  CHECK(name_term(" 　").empty());
}

TEST_CASE("different names stay different") {
  CHECK(name_term("佐藤") != name_term("斉藤"));
  CHECK(name_term("ﾊ") != name_term("ﾊﾞ"));
  CHECK(name_term("ｱﾞ") == "ア\xEF\xBE\x9E");  // a mark without its kana stays
}

TEST_CASE("bytes that are no text do no harm") {
  CHECK(name_term("\xFF") == "\xEF\xBF\xBD");
}

}  // namespace
}  // namespace koegura::store
