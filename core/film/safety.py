"""What of a text must not be shown. A word is not enough: a kitten's sex, the naked eye and 자살골 (an own goal) pass.

`core/prompt/words/safety.py` knows the words; here they are read in their company. Profanity is no picture and refuses
nothing: it only never gets into a prompt.
"""

from __future__ import annotations

import re
import unicodedata

from ..prompt.words.safety import alternatives, unsafe

# Phrases that hold a hard word and mean something harmless; taken out before the words are looked for.
_HARMLESS = re.compile(
    alternatives(r"""
        naked (?:mole|eyes?|truth|trees?|branch(?:es)?|flames?|bulbs?|walls?|twigs?|hills?|oaks?),
        (?:trees?|branches) (?:\w{1,20} )?naked, suicide (?:prevention|hotline|awareness)s?,
        nude (?:lipstick|pumps|tones?|shades?|colou?r\w*), (?:same|opposite|fair(?:er)?)[ -]sex,
        sex of (?:the|a|my|our) (?:kittens?|pupp(?:y|ies)|baby|babies|chicks?|lambs?|calf), rape ?seeds?,
        fields? of rape, rape (?:fields?|flowers?|blossoms?|oil), corpse flowers?, corpse bride,
        sex and the city, fetish for (?:shoes|stationery|old books|maps),
        torture(?:d)? (?:chord|guitar|syntax|metaphor)s?, 자살 ?골, 자살 ?(?:예방|방지)\w*, 시체 ?(?:놀이|꽃)\w*,
        시체처럼 ?(?:잠|잤|자|누워 ?잤|뻗)\w*, 누드 ?(?:톤|립|빛|색|김밥|크로키)\w*, 나체 ?(?:나무|가지)\w*,
        희망 ?고문\w*,
        고문 ?(?:변호사|님|으로 ?위촉)\w*, 내장 ?(?:메모리|카메라|하드|칩)\w*, 섹스 ?앤 ?더 ?시티"""),
    re.IGNORECASE,
)
_WHOM_EN = (
    r"(?:him|her|them|me|you|people|(?:the|a|his|her|my|their) (?:man|woman|girl|boy|child|children|wife|husband"
    r"|brother|sister|mother|father|friend|prisoners?|guard|neighbou?rs?))"
)
_WHOM_KO = "(?:사람|그|그녀|친구|아이|남자|여자|이웃|아내|남편|아버지|어머니|엄마|아빠|동생|형|누나)"
# Beyond the words of a request: what is told in whole phrases. WHOM stands for the persons above.
_TOLD_EN = {
    "gore": r"""
        (?:sever(?:ed|ing)|chop(?:ped|ping)? off|cut(?:ting)? off|sliced off|tore off|rip(?:ped|ping)? off)
        (?:(?:the|a|his|her|their|my|your) )?(?:\w{1,20}['’]?s? )?(?:heads?|arms?|legs?|limbs?|hands?|fingers?),
        (?:heads?|arms?|legs?|limbs?|hands?) (?:was|were) (?:cut|chopped|torn|ripped) off,
        guts (?:spill\w*|hang\w*|pour\w*), blood (?:gush\w*|spurt\w*|spray\w*|pour\w*) (?:from|out),
        (?:slit|slits|slitting|cut|cutting) (?:his|her|their|the|my) (?:throats?|wrists?),
        skinned (?:him|her|them) alive""",
    "violence": r"""
        (?:stab|stabs|stabbed|stabbing|strangl(?:e|es|ed|ing)|murder(?:s|ed|ing)?|tortur(?:e|es|ed|ing)|butcher(?:s|ed|ing)?)
        WHOM,
        shot (?:him|her|them|me) in the (?:head|face|chest), (?:burn|burned|burnt) (?:(?:him|her|them) )?alive,
        (?:killed|killing|drowned|drowning) (?:him|her|them), beat(?:en|ing)? (?:\w{1,20} ){0,2}to death""",
    "self-harm": r"""
        (?:kill|hang|cut|burn|shoot|hurt|drown)(?:s|ed|ing|ting)? (?:myself|himself|herself|themselves|yourself),
        hung (?:myself|himself|herself), (?:swallow\w*|took) (?:a|the) (?:whole )?bottle of pills""",
    "sexual content": r"""
        (?:took|takes|take|taking|tore|tears) off (?:all )?(?:his|her|their|my) (?:clothes|dress|underwear)(?! to swim),
        without (?:any|her|his) clothes on""",
}
_TOLD_KO = {
    "gore": r"""
        (?:목|팔|다리|머리|손|손가락|팔다리)[을를이가] ?(?:잘라|잘렸|잘린|잘려|베어|베었|뜯어), 난도질,
        피가 ?(?:솟구|뿜|흥건|분수처럼),
        내장[이을] ?(?:쏟|터|튀|꺼내)""",
    "violence": r"""
        칼로 ?WHOM?\w{0,12}[을를]? ?(?:찌르|찔러|찔렀),
        WHOM[을를] ?(?:\w{1,20} ){0,2}(?:죽였|죽이|살해|고문|목 ?졸),
        목[을 ]? ?졸라, 총으로 ?(?:\w{1,12}[을를] )?쏴 ?(?:죽|죽였), 학살""",
    "self-harm": r"""
        손목을 ?(?:긋|그었|그어), 목을 ?(?:맸|매(?=[달려고다었]|는|자)), 목숨을 ?(?:끊|버리),
        약을 ?한 ?움큼 ?(?:삼|먹)""",
    "sexual content": r"벌거벗은 ?(?:몸|여자|남자|소녀|소년), 옷을 ?(?:모두 |다 |하나씩 )?벗기, 성관계(?!자), 알몸",
}
_ENGLISH = {
    why: re.compile(rf"\b(?:{alternatives(words.replace('WHOM', _WHOM_EN))})\b") for why, words in _TOLD_EN.items()
}
_KOREAN = {why: re.compile(alternatives(words.replace("WHOM", _WHOM_KO))) for why, words in _TOLD_KO.items()}


def faults(text: str) -> list[tuple[str, str]]:
    """What of a text must not be shown: (words, reason), empty when all of it may."""
    rest = _HARMLESS.sub(" ", unicodedata.normalize("NFC", text))
    found = {word: why for word, why in unsafe(rest) if why != "profanity"}
    plain = " ".join(rest.lower().split())
    for table in (_ENGLISH, _KOREAN):
        for why, pattern in table.items():
            found.update((match[0].strip(), why) for match in pattern.finditer(plain))
    return list(found.items())


def refusal(found: list[tuple[str, str]]) -> str:
    """The sentence that says so."""
    return f"this cannot be generated: {', '.join(f'{word!r} ({why})' for word, why in found)}"
