"""Where tshark and parse_sip read a SIP message differently, and why: every difference must be one of these classes.

A class is no excuse for a message: it names what is odd about it and takes exactly that away. It explains a difference
only if the two readers then agree on every field, and only in the fields that it names.
"""
import re
from dataclasses import dataclass
from typing import Callable

from sip_mutations import COMPACT, SPACE, Message

FROM, TO = ("from", "from_uri", "from_tag"), ("to", "to_uri", "to_tag")
ADDRESSES, TAGS, URIS = FROM + TO, ("from_tag", "to_tag"), ("from_uri", "to_uri")
CSEQ = ("cseq", "cseq_method")
START = ("method", "status")
FIELDS = ("call_id", *FROM, *TO, *CSEQ, *START)


def unchanged(octets: bytes) -> bytes:
    return octets


@dataclass(frozen=True)
class Difference:
    """`ours` and `theirs` take the oddity away for parse_sip and for tshark."""
    name: str
    reason: str
    fields: tuple
    ours: Callable[[bytes], bytes] = unchanged
    theirs: Callable[[bytes], bytes] = unchanged


def both(name, reason, fields, change) -> Difference:
    return Difference(name, reason, fields, change, change)


def in_fields(change, *names) -> Callable[[bytes], bytes]:
    """change(value) of the fields of these names (of all, without names)."""
    def changed(octets):
        message = Message(octets)
        for i, field in enumerate(message.fields):
            name, colon, value = field.partition(b":")
            plain = name.strip(SPACE).lower()
            if colon and (not names or plain in names or plain in [COMPACT.get(n, n) for n in names]):
                message.fields[i] = name + colon + change(value)
        return message.octets()
    return changed


def in_start_line(change) -> Callable[[bytes], bytes]:
    def changed(octets):
        message = Message(octets)
        message.start = change(message.start)
        return message.octets()
    return changed


def without_space_before_colons(octets):
    message = Message(octets)
    message.fields = [re.sub(rb"\A([^:]*?)[ \t\r\n]+:", rb"\1:", field) for field in message.fields]
    return message.octets()


def with_line_ends(octets):
    return re.sub(rb"\r(?!\n)", b"\r\n", octets)


VERSION = b"SIP/2.0"
TOKEN = rb"[A-Za-z0-9\-.!%*_+`'~]+"


def words_in(text) -> list:
    return [word for word in re.split(rb"[ \t\r\n]+", text) if word]


def words_of_request(start) -> list:
    """[method, URI], the URI's spaces escaped; nothing for what is no request."""
    words = words_in(start)
    if len(words) < 3 or words[-1].upper() != VERSION or words[0].upper() == VERSION:
        return []
    return [words[0], b"%20".join(words[1:-1])]


def with_single_spaces(start):
    request = words_of_request(start)
    if request:
        return b" ".join([*request, VERSION]) + b"\r\n"
    words = words_in(start)
    return b" ".join([VERSION, *words[1:]]) + b"\r\n" if words and words[0].upper() == VERSION else start


def with_a_plain_uri(start):
    request = words_of_request(start)
    odd = request and (b"\0" in request[1] or not re.match(rb"<?[A-Za-z][A-Za-z0-9+.\-]*:", request[1]))
    return request[0] + b" sip:a@x SIP/2.0\r\n" if odd else start


def with_a_reason(start):
    return re.sub(rb"(?i)\A(SIP/2\.0\s+\d{3})[ \t]*(\r?\n)", rb"\1 OK\2", start)


def with_a_possible_status(start):
    return re.sub(rb"\A(SIP/2\.0) ([789]\d\d|0\d\d|\d{4,}|\d{1,2})(?= )", rb"\1 699", start)


def with_a_token_for_method(octets):
    message = Message(octets)
    request = words_of_request(message.start)
    if not request or re.fullmatch(TOKEN, request[0]):
        return octets
    message.start = b"X " + request[1] + b" SIP/2.0\r\n"
    return with_our_cseq_method(message.octets())


def compact_parameters(value):
    return re.sub(rb"[ \t\r\n]*([;=])[ \t\r\n]*", rb"\1", value)


def without_trailing_space(value):
    return re.sub(rb"[ \t\r\n\f\v]*(\r?\n)\Z", rb"\1", value)


def without_repeats(octets):
    message, seen, kept = Message(octets), set(), []
    shorts = {short: name for name, short in COMPACT.items()}
    for field in message.fields:
        name = field.partition(b":")[0].strip(SPACE).lower()
        name = shorts.get(name, name)
        if name not in seen or name not in (b"from", b"to", b"call-id", b"cseq"):
            kept.append(field)
        seen.add(name)
    message.fields = kept
    return message.octets()


def with_balanced_quotes(value):
    return re.sub(rb'\A(\s*"(?:[^"\\<]|\\.)*)<', rb'\1" <', value)


def without_shift_jis(value):
    return re.sub(rb"(?:[\x81-\x9f\xe0-\xfc][\x40-\x7e\x80-\xfc])*[\x81-\x9f\xe0-\xfc]\\(?=\")", b"name", value)


def with_a_plain_tag(value):
    """A tag in quotes, or one behind a quoted parameter that speaks of tags."""
    value = re.sub(rb';note="[^"]*"', b"", value)
    return re.sub(rb'(;\s*tag\s*=\s*)"[^"]*"', rb"\1quoted", value)


def with_tag_in_small_letters(value):
    """The URI has a parameter of this name, or the field's is in capitals."""
    value = re.sub(rb"(?i);tag=[^;>\s]*(?=[^<]*>)", b"", value)
    return re.sub(rb"(?i)(?<=;)TAG(?=\s*(?:=|\Z|[\r\n;]))", b"tag", value)


def without_stray_tag(value):
    """"tag=" where no parameter begins."""
    return re.sub(rb"(?i)(>|\A[^<;]*)(?![;>])[^;=<>\s]?tag=[^;]*?(?=\s*\Z)", rb"\1", value)


def with_a_sip_uri(value):
    """An address that is no SIP URI, and lacks brackets that would show where it is."""
    bare = re.sub(rb'\A\s*"(?:[^"\\]|\\.)*"', b"", value)
    odd = b"<" not in bare and not re.match(rb"(?i)\s*sips?:", bare)
    return re.sub(rb'\A\s*[^<";\r\n]+?(?=\s*(?:;|\Z))', b" sip:a@x", bare) if odd else value


def without_name_before_bare_address(value):
    return value if b"<" in value else re.sub(rb"\A\s*[^;,\r\n]*[ \t](?=[^;,\s]+:)", b" ", value)


def is_readable_cseq(value) -> bool:
    found = re.match(rb"\s*(\d+)\s+" + TOKEN + rb"(?=\s|\Z)", value)
    return bool(found) and int(found[1]) < 1 << 31


def is_readable_address(value) -> bool:
    value = re.sub(rb'\A\s*"(?:[^"\\]|\\.)*"', b"", value)
    return bool(re.search(rb"<\s*[^>\s][^>]*>", value) if b"<" in value else re.match(rb'\s*[^;,\s"]', value))


def with_every_field(octets):
    """Those that a message must have and this one lacks."""
    message = Message(octets)
    if not message.start.endswith(b"\n"):
        message.start += b"\r\n"
    message.fields = [line for name, line in (
        (b"call-id", b"Call-ID: x\r\n"), (b"from", b"From: <sip:x>\r\n"), (b"to", b"To: <sip:x>\r\n"),
        (b"cseq", b"CSeq: 1 " + method_of(message) + b"\r\n")) if not message.places(name)] + message.fields
    return message.octets()


def with_readable(name, is_readable, line):
    """The message with this line instead of its first field of the name, where that cannot be read."""
    def changed(octets):
        message = Message(octets)
        place = message.places(name)
        if place and not is_readable(message.fields[place[0]].partition(b":")[2]):
            message.fields[place[0]] = line(message)
        return message.octets()
    return changed


def method_of(message) -> bytes:
    first = (words_in(message.start) or [VERSION])[0]
    return b"INVITE" if first.upper() == VERSION else first


def with_our_cseq_method(octets):
    """The CSeq of a request speaks of another method."""
    message = Message(octets)
    for place in message.places(b"cseq")[:1] if words_of_request(message.start) else []:
        name, colon, value = message.fields[place].partition(b":")
        found = re.match(rb"(\s*\d+\s+)(\S+)", value)
        if found and found[2] != method_of(message):
            message.fields[place] = name + colon + found[1] + method_of(message) + b"\r\n"
    return message.octets()


def with_a_short_method(octets):
    message = Message(octets)
    heads = [message.start] + [message.fields[place].partition(b":")[2] for place in message.places(b"cseq")]
    for word in [word for head in heads for word in words_in(head)]:
        if re.fullmatch(TOKEN, word) and len(word) > 16:
            octets = octets.replace(word, b"SHORT")
    return octets


def with_two_words(value):
    if re.match(rb"\s*\d+\s+\d+\s", value):
        return re.sub(rb"\A(\s*\d+)\s+\d+", rb"\1", value)
    return re.sub(rb"\A(\s*\d+\s+\S+)\s.*?(\r?\n)\Z", rb"\1\2", value, flags=re.DOTALL)


def both_in(name, reason, fields, change, *names) -> Difference:
    return both(name, reason, fields, in_fields(change, *names))


DIFFERENCES = (  # what stands further up is taken away first
    both("carriage return alone", "a line ends with CRLF (RFC 3261 §7), and what a damaged one meant nobody knows; tshark "
         "ends the line there", FIELDS, with_line_ends),
    # tshark reads less
    Difference("space before the colon", "HCOLON allows it (RFC 3261 §25.1); tshark does not know such a field",
               ("call_id", *ADDRESSES, *CSEQ), theirs=without_space_before_colons),
    Difference("line ends before the message", "they are passed over (RFC 3261 §7.5); tshark gives up at some of them", FIELDS,
               theirs=lambda octets: octets.lstrip(b"\r\n")),
    Difference("space or case in the start line", "more spaces than one, tabs and small letters leave one sense (RFC 4475 "
               "§3.1.2.9); tshark gives up", FIELDS, theirs=in_start_line(with_single_spaces)),
    Difference("Request-URI without scheme, or with a NUL", "the rest of the message is sound; tshark gives up", FIELDS,
               theirs=in_start_line(with_a_plain_uri)),
    Difference("no reason phrase", "it may be empty (RFC 4475 §3.1.1.13), and the space before it is easily lost; tshark gives up",
               FIELDS, theirs=in_start_line(with_a_reason)),
    Difference("repeated field", "the first one counts (RFC 4475 §3.3.8); tshark shows some later ones first",
               ("call_id", *ADDRESSES, *CSEQ), theirs=without_repeats),
    both_in("space in parameters", "SEMI and EQUAL allow it (RFC 3261 §25.1); tshark finds no tag, or one with the space",
            ADDRESSES, compact_parameters, b"from", b"to"),
    both_in("space within the brackets", "it is no part of the URI (RFC 4475 §3.1.2.13); tshark keeps it", URIS,
            lambda value: re.sub(rb"<\s*([^<>]*?)\s*>", rb"<\1>", value), b"from", b"to"),
    both_in("space behind the value", "it is no part of it (RFC 3261 §7.3.1); tshark keeps it",
            ("call_id", *ADDRESSES, *CSEQ), without_trailing_space, b"from", b"to", b"call-id", b"cseq"),
    both_in("Shift_JIS name with 0x5C", "half a character escapes no quote; tshark knows UTF-8 alone and finds no address",
            ADDRESSES, without_shift_jis, b"from", b"to"),
    both_in("unbalanced quote", "it ends where the address begins (RFC 4475 §3.1.2.6); tshark finds no address",
            ADDRESSES, with_balanced_quotes, b"from", b"to"),
    both_in("quoted parameter", "a parameter's value may be a quoted-string (RFC 3261 §25.1); tshark looks for the next semicolon",
            TAGS, with_a_plain_tag, b"from", b"to"),
    both_in("name of a parameter", "it has any case (RFC 3261 §7.3.1), and within the brackets it is the URI's; tshark looks "
            "for \"tag=\" anywhere", TAGS + URIS, with_tag_in_small_letters, b"from", b"to"),
    both_in("tag that is no parameter", "a parameter begins with a semicolon; tshark looks for \"tag=\" anywhere",
            TAGS, without_stray_tag, b"from", b"to"),
    both_in("no SIP URI and no brackets", "addr-spec may be any URI (RFC 3261 §25.1); tshark shows SIP ones", TAGS + URIS,
            with_a_sip_uri, b"from", b"to"),
    both_in("space in an address without brackets", "no URI has one: what stands before it is a name; tshark looks for \"sip:\"",
            URIS, without_name_before_bare_address, b"from", b"to"),
    both("long method", "a token has any length; tshark shows none of over 16 characters in CSeq", ("cseq_method", "method"),
         with_a_short_method),
    both_in("three words in CSeq", "the second one is the method, whatever it is; tshark takes all but numbers for it",
            CSEQ, with_two_words, b"cseq"),
    # tshark reads on
    both("missing field", "we refuse what lacks Call-ID, From, To or CSeq (RFC 3261 §8.1.1), truncated messages above all; "
         "tshark shows the rest", FIELDS, with_every_field),
    both("empty Call-ID", "we refuse: whose message would it be?", FIELDS,
         with_readable(b"call-id", lambda value: bool(value.strip()), lambda _: b"Call-ID: x\r\n")),
    both("unreadable From", "we refuse: no address, or a bracket without its other half; tshark shows the rest", FIELDS,
         with_readable(b"from", is_readable_address, lambda _: b"From: <sip:x>\r\n")),
    both("unreadable To", "we refuse, as for From", FIELDS,
         with_readable(b"to", is_readable_address, lambda _: b"To: <sip:x>\r\n")),
    both("unreadable CSeq", "we refuse: no number below 2^31 and a method (RFC 3261 §8.1.1.5); tshark shows the rest",
         FIELDS, with_readable(b"cseq", is_readable_cseq, lambda message: b"CSeq: 1 " + method_of(message) + b"\r\n")),
    both("CSeq of another method", "we refuse (RFC 4475 §3.1.2.17); tshark shows both", FIELDS, with_our_cseq_method),
    both("method that is no token", "we refuse: damage, or not SIP (RFC 3261 §25.1); tshark shows it", FIELDS,
         with_a_token_for_method),
    both("status out of range", "we refuse what is not 100 to 699 (RFC 3261 §21); tshark shows any three digits", FIELDS,
         in_start_line(with_a_possible_status)),
)
