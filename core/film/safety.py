"""What of a text must not be shown. A word is not enough: a kitten's sex, the naked eye and 자살골 (an own goal) pass.

`core/prompt/words/safety.py` knows the words; here they are read in their company. Profanity is no picture and refuses
nothing: it only never gets into a prompt.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

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
_OTHER_EN = (
    r"(?:him|her|them|people|(?:the|a|his|her|my|their) (?:man|woman|girl|boy|child|children|wife|husband"
    r"|brother|sister|mother|father|friend|prisoners?|captives?|villagers?|beggar|guard|neighbou?rs?))"
)
_WHOM_EN = rf"(?:me|you|{_OTHER_EN})"
_PART_EN = r"(?:his|her|their|my|the) (?:skulls?|throats?|necks?|bell(?:y|ies)|stomachs?|guts|eyes?|heads?|faces?)"
_BLADE_EN = r"(?:knife|knives|blade|bullet|axe|sword|razor|machete|dagger)"
_WHOM_KO = "(?:사람|그|그녀|친구|아이|남자|여자|이웃|아내|남편|아버지|어머니|엄마|아빠|동생|형|누나|노인|포로|주민)"
_PART_KO = "(?:머리|목|얼굴|가슴|배|눈|등)"
_BLADE_KO = "(?:도끼|칼|망치|(?<!물)총|몽둥이|낫)"
# Beyond the words of a request: what is told in whole phrases. Words in capitals stand for the lists above.
_TOLD_EN = {
    "gore": r"""
        (?:sever(?:ed|ing)|chop(?:ped|ping)? off|cut(?:ting)? off|sliced off|tore off|rip(?:ped|ping)? off)
        (?:(?:the|a|his|her|their|my|your) )?(?:\w{1,20}['’]?s? )?(?:heads?|arms?|legs?|limbs?|hands?|fingers?),
        (?:heads?|arms?|legs?|limbs?|hands?) (?:was|were) (?:cut|chopped|torn|ripped) off,
        guts (?:spill\w*|hang\w*|pour\w*), blood (?:gush\w*|spurt\w*|spray\w*|pour\w*) (?:from|out),
        (?:slit|slits|slitting|cut|cutting) (?:his|her|their|the|my) (?:throats?|wrists?),
        wrists? (?:were |was )?(?:cut |slit |slashed |torn )?(?:open|slit|bleeding),
        BLADE (?:\w{1,20} ){0,3}(?:through|into|across|in) PART,
        (?:hack|slash|slic|cleav|chop)\w* OTHER (?:\w{1,20} )?(?:to (?:pieces|shreds|bits)|apart|open),
        (?:rip|tear|tore|blew|blow)\w* PART (?:to (?:pieces|shreds|bits)|apart|open|off),
        (?:scalp|impal|disembowel|quarter)(?:ed|ing) OTHER, skinned (?:him|her|them) alive,
        (?:entrails|guts|intestines|brains) (?:\w{1,20} ){0,3}(?:on|over|across|out of) (?:the|my|his|her)""",
    "violence": r"""
        (?:stab|stabs|stabbed|stabbing|strangl(?:e|es|ed|ing)|murder(?:s|ed|ing)?|tortur(?:e|es|ed|ing)|butcher(?:s|ed|ing)?)
        WHOM,
        (?:hang(?:ed)?|lynch\w*|slaughter\w*|massacr\w*|execut(?:e|ed|es|ing)|slain|slew|gass(?:ed|ing)|electrocut\w*)
        OTHER(?! up| (?:dress|coat|picture|portrait|light|laundry)),
        shot (?:him|her|them|me) in the (?:head|face|chest), (?:shoot|shot|shoots|shooting) OTHER (?:all|both|dead),
        gunned OTHER down, set OTHER on fire, (?:burn|burned|burnt) (?:(?:him|her|them) )?alive,
        (?:held|hold|holding|push\w*) (?:his|her|their|my) heads? under ?water until (?:he|she|they) (?:stopp|drown)\w*,
        (?:threw|throw\w*|push\w*) OTHER (?:\w{1,20} ){1,5}to (?:his|her|their) deaths?,
        (?:killed|killing|drowned|drowning) (?:him|her|them), beat(?:en|ing)? (?:\w{1,20} ){0,2}to death""",
    "self-harm": r"""
        (?:kill|hang|cut|burn|shoot|hurt|drown)(?:s|ed|ing|ting)? (?:myself|himself|herself|themselves|yourself),
        hung (?:myself|himself|herself), (?:swallow\w*|took) (?:a|the) (?:whole )?bottle of pills,
        (?:end|ends|ended|ending) (?:my|his|her|their) (?:own )?li(?:fe|ves),
        (?:take|took|taken|taking) (?:my|his|her|their) own li(?:fe|ves),
        (?:jump\w*|leapt?|threw myself) (?:off|from|in front) (?:[\w']{1,20} ){1,12}(?:to die|to be over|to end it)""",
    "sexual violence": r"""
        forc(?:e|ed|ing) (?:himself|themselves|his way) (?:on|upon|into) (?:us|WHOM),
        (?:grop|ravish)(?:ed|ing) (?:by|OTHER)""",
    "sexual content": r"""
        (?:took|takes|take|taking|tore|tears) off (?:all )?(?:his|her|their|my) (?:clothes|dress|underwear)(?! to swim),
        without (?:any|her|his) clothes on, with nothing on(?! (?:my|your|his|her|their|the|it|tv|but)\b),
        wearing nothing(?! but), strip(?:ped|s)? (?:him|her|them|each other) (?:naked|bare),
        undress(?:ed|ing) each other""",
}
_TOLD_KO = {
    "gore": r"""
        (?:목|팔|다리|머리|손|손가락|팔다리)[을를이가] ?(?:잘라|잘렸|잘린|잘려|베어|베었|뜯어), 난도질,
        피가 ?(?:솟구|뿜|흥건|분수처럼),
        (?:내장|창자|뇌수)[이가을를] ?(?:\w{1,8} )?(?:쏟|터져|튀어|꺼내|흘러나),
        산 ?채로 ?(?:불태|불에|태워|묻었|묻혔|가죽),
        BLADE(?:으로|로) ?(?:\w{1,12} ){0,3}PART[을를] ?(?:내리|찍|베|벴|쳤|쏘|쐈|찌|찔),
        칼[이날] ?(?:\w{1,8} ){0,2}PART[을를에] ?(?:뚫|파고들|박|꽂|찔)""",
    "violence": r"""
        칼로 ?WHOM?\w{0,12}[을를]? ?(?:찌르|찔러|찔렀),
        WHOM[을를] ?(?:\w{1,20} ){0,2}(?:죽였|죽이|살해|고문|목 ?졸),
        WHOM(?:들)?[을를] ?(?:\w{1,8} ){0,4}(?:쏘아|쏴|때려|찔러|태워|밟아|찢어) ?죽[였이인여],
        WHOM의 ?목을 ?(?:조르|졸|쳤|치고|베), 목[을 ]? ?졸라, 총으로 ?(?:\w{1,12}[을를] )?쏴 ?(?:죽|죽였), 학살""",
    "self-harm": r"""
        손목을 ?(?:긋|그었|그어|그은), 목을 ?(?:맸|매단 ?채|매(?=[달려고다었]|는|자)), 목숨을 ?(?:끊|버리),
        (?:뛰어내려|몸을 ?던져) ?(?:죽(?!을 ?뻔)|생을 ?마감), 약을 ?한 ?움큼 ?(?:삼|먹)""",
    "sexual violence": r"억지로 ?(?:WHOM[을를] )?(?:덮쳤|덮치), WHOM[을를] ?억지로 ?(?:덮쳤|덮치|옷을 ?벗)",
    "sexual content": r"""
        벌거벗은 ?(?:몸|여자|남자|소녀|소년), 벌거벗은 ?채 ?(?:침대|이불|껴안|서로), 옷을 ?(?:모두 |다 |하나씩 )?벗기,
        속옷(?:까지|마저) ?(?:\w{1,6} )?벗, 성관계(?!자), 알몸""",
}


def _spelled(words: str, stands: Mapping[str, str]) -> str:
    """The patterns of a table as one, with what its words in capitals stand for."""
    for name, pattern in stands.items():
        words = words.replace(name, pattern)
    return alternatives(words)


_STANDS_EN = {"WHOM": _WHOM_EN, "OTHER": _OTHER_EN, "PART": _PART_EN, "BLADE": _BLADE_EN}
_STANDS_KO = {"WHOM": _WHOM_KO, "PART": _PART_KO, "BLADE": _BLADE_KO}
_ENGLISH = {why: re.compile(rf"\b(?:{_spelled(words, _STANDS_EN)})\b") for why, words in _TOLD_EN.items()}
_KOREAN = {why: re.compile(_spelled(words, _STANDS_KO)) for why, words in _TOLD_KO.items()}


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
