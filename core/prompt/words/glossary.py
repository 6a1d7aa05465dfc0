"""Words people use for what should move and how it should feel, English and Korean: the tables of `wish.py`. Those for
movements are the effects' own.

Patterns are regular expressions, matched as whole words in English and from the start of a word in Korean, whose
endings vary; look-aheads keep short Korean words from matching inside longer ones (비 rain, 비밀 secret).
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from ...motion.effect import Named
from ...motion.effects import names
from ..form.answers import Direction, Mood, Movement


class Words(NamedTuple):
    english: str
    korean: str


def movements() -> dict[str, tuple[Words, Movement]]:
    """What may move, by name, as the effects have it."""
    return {name: (Words(named.english, named.korean), _movement(named)) for name, (_, named) in names().items()}


@cache
def _movement(named: Named) -> Movement:
    subject, motion, kind = named.said.subject, named.said.motion, named.said.family
    fields = dict(subject=subject, motion=motion, kind=kind, direction=named.direction)
    return Movement.model_validate({**fields, "strength": named.strength, "region": named.place})


MOODS: dict[Mood, Words] = {
    "calm": Words(
        r"calm\w*|peace\w*|quiet\w*|serene|relax\w*|ambient|acoustic|folk|ballads?|classical|jazz|lo-?fi|new age",
        r"잔잔\w*|차분\w*|고요\w*|평화\w*|조용\w*|발라드|재즈|클래식|어쿠스틱|포크",
    ),
    "dreamy": Words(
        r"dream\w*|ethereal|shoegaze|synthwave|vaporwave|surreal",
        r"몽환\w*|꿈\w*|신비\w*",
    ),
    "warm": Words(
        r"warm\w*|co[sz]y|tender|love\w*|soul|r&b|rnb",
        r"따뜻\w*|따스\w*|포근\w*|사랑\w*",
    ),
    "melancholic": Words(
        r"sad\w*|melanchol\w+|lonely|lonesome|blues?|tears?|nostalg\w+|longing",
        r"슬프\w*|슬픈|슬픔|쓸쓸\w*|외로\w*|외롭\w*|우울\w*|그리\w*|눈물\w*|이별",
    ),
    "dark": Words(
        r"dark\w*|gloom\w*|ominous|gothic?|metal|industrial|drill|trap|night",
        r"어두\w*|어둠\w*|음산\w*|밤|메탈",
    ),
    "energetic": Words(
        r"energ\w+|lively|power\w*|party|edm|dance|house|techno|rock|punk|hip-?hop|rap music",
        r"신나\w*|신나게|활기\w*|강렬\w*|에너지|댄스|힙합|록|락",
    ),
    "playful": Words(
        r"playful|cute|fun\w*|joy\w*|happy|k-?pop|idol|bubbly|children",
        r"귀여\w*|귀엽\w*|발랄\w*|즐거\w*|행복\w*|동요",
    ),
    "majestic": Words(
        r"majestic|epic|grand|orchestra\w*|soundtrack|cinematic|post-rock",
        r"웅장\w*|장엄\w*|영화\w*",
    ),
}
# what every strength is multiplied by
PACES: dict[float, Words] = {
    0.7: Words(
        r"slow\w*|gentl\w+|subtle|subtly|soft\w*|a little",
        r"천천히|느리\w*|느린|느긋\w*|은은\w*|살짝|조금|부드럽\w*",
    ),
    1.25: Words(
        r"strong\w*|lots|much|more",
        r"강하\w*|세게|많이|빠르\w*|빨리",
    ),
}
DIRECTIONS: dict[Direction, Words] = {
    "left": Words(r"left\w*", r"왼쪽\w*|좌측"),
    "right": Words(r"right\w*", r"오른쪽\w*|우측"),
    "up": Words(r"up|upwards?|rising", r"위로|위쪽\w*"),
    "down": Words(r"down|downwards?|falling", r"아래로|아래쪽\w*"),
}
# the groups of `guard.violations`, in Korean
FIGHTS_KO: dict[str, str] = {
    "camera move": r"카메라\w*|줌\w*|확대\w*|클로즈업|회전\w*",
    "scene change": r"장면\w*|화면 ?전환|전환\w*",
    "morph": r"변신\w*|변하\w*|변해\w*|바뀌\w*|사라지\w*|나타나\w*",
    "people or limbs in action": r"걷\w*|걸어\w*|춤\w*|뛰\w*|말하\w*|웃\w*",
    "one-off event": r"번쩍\w*|폭발\w*|번개\w*|갑자기",
    "lettering": r"글자\w*|자막\w*|글씨\w*|텍스트\w*",
}
# words of a request that carry no meaning of their own here
FILLERS = r"""
    a an the and or with of in on at to for is are be it very some please make let like as but feel
    mood music song album through over move moves moving motion scene 하게 있게 느낌 으로 그리고 조금 아주 매우 좀 해
    해줘 해주세요 내리\w* 오는 내리는 부는 흐르\w* 흩날리\w* 떠다니\w* 이 가 을 를 은 는 도 의 에 처럼"""
