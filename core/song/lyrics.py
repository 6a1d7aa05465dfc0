"""Lyrics as ACE-Step reads them: sections marked, a line of Hangul in Latin letters behind `[ko]`.

Its tokens know no Hangul (each syllable would be one unknown token). It was trained on letter-by-letter transliteration
with a hyphen where letters could be parted otherwise, before a vowel, and after one before a double consonant: 시끄러운
is `si-kkeuleo-un`.
"""

from __future__ import annotations

import re
import unicodedata

from ..errors import SongError

MAX_LYRICS = 8000
_FIRST, _MIDDLE, _LAST = (
    letters.split(",")
    for letters in (
        "g,kk,n,d,tt,l,m,b,pp,s,ss,,j,jj,ch,k,t,p,h",
        "a,ae,ya,yae,eo,e,yeo,ye,o,wa,wae,oe,yo,u,wo,we,wi,yu,eu,ui,i",
        ",g,kk,gs,n,nj,nh,d,l,lg,lm,lb,ls,lt,lp,lh,m,b,bs,s,ss,ng,j,ch,k,t,p,h",
    )
)
_SYLLABLE = re.compile("[가-힣]")
_LONE = re.compile("[\u1100-\u11ff\u3130-\u318f]+")
_TIME = re.compile(r"\[\d+:\d+(?:[.:]\d+)?\]|<\d+:\d+(?:[.:]\d+)?>")
_HEAD = re.compile(r"[\[(]?\s*([^\W\d_]+(?:[ -][^\W\d_]+)?)\s*\d*\s*[\])]?\s*:?")
_HEADS = {
    **{name: name for name in ("verse", "chorus", "bridge", "intro", "outro", "hook", "instrumental")},
    **{"pre-chorus": "pre-chorus", "pre chorus": "pre-chorus", "refrain": "chorus", "interlude": "instrumental"},
    **{"절": "verse", "벌스": "verse", "후렴": "chorus", "코러스": "chorus", "브리지": "bridge", "브릿지": "bridge"},
    **{"전주": "intro", "인트로": "intro", "후주": "outro", "아웃트로": "outro", "간주": "instrumental", "훅": "hook"},
}
_VERSE = re.compile(r"[\[(]?\s*\d+\s*절\s*[\])]?\s*:?")


def singable(text: str) -> str:
    """Lyrics, plain or LRC, in any mix of Hangul and Latin letters -> lyrics for ACE-Step. What is in that form already
    stays as it is; lines in other scripts do, and want a mark of their language (`[ja]`, `[zh]`) before them.

    Raises:
        SongError: no words, or more than `MAX_LYRICS` characters.
    """
    lines = [_line(line) for line in unicodedata.normalize("NFC", text).splitlines()]
    made = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    if not re.sub(r"\[[^\]]*\]", "", made).strip():
        raise SongError("lyrics: there are no words in them; write at least one line")
    if len(made) > MAX_LYRICS:
        raise SongError(f"lyrics: {len(made)} characters in Latin letters; a song may have {MAX_LYRICS}")
    return made


def romanised(text: str) -> str:
    """Hangul letter by letter in Latin ones; the rest as it is."""
    made, open_ = [], None  # whether the syllable before ends in a vowel; None where there is none
    for sign in text:
        if not _SYLLABLE.match(sign):
            made.append(sign)
            open_ = None
            continue
        code = ord(sign) - ord("가")
        first, middle, last = _FIRST[code // 588], _MIDDLE[code // 28 % 21], _LAST[code % 28]
        parted = open_ is not None and (not first or (open_ and len(first) == 2 and first != "ch"))
        made.append(("-" if parted else "") + first + middle + last)
        open_ = not last
    return "".join(made)


def _line(line: str) -> str:
    line = " ".join(_TIME.sub("", line).split())
    if head := _head(line):
        return f"[{head}]"
    line = _LONE.sub("", line)  # ㅋㅋ, which nobody sings
    if not _SYLLABLE.search(line):
        return line.strip()
    return "[ko]" + romanised(re.sub(r"^\[ko\]\s*", "", line, flags=re.IGNORECASE)).strip()


def _head(line: str) -> str:
    if _VERSE.fullmatch(line):
        return "verse"
    match = _HEAD.fullmatch(line)
    return _HEADS.get(match[1].lower(), "") if match else ""
