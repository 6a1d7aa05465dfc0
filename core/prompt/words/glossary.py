"""Words people use for what should move and how it should feel, English and Korean: the tables of `wish.py`.

Patterns are regular expressions, matched as whole words in English and from the start of a word in Korean, whose
endings vary; look-aheads keep short Korean words from matching inside longer ones (비 rain, 비밀 secret).
"""

from __future__ import annotations

from typing import NamedTuple

from ..form.answers import Direction, Mood, Movement


class Words(NamedTuple):
    english: str
    korean: str


def _movement(subject: str, motion: str, kind: str, direction: str, strength: float, region: str) -> Movement:
    fields = dict(subject=subject, motion=motion, kind=kind, direction=direction, strength=strength, region=region)
    return Movement.model_validate(fields)


MOVEMENTS: dict[str, tuple[Words, Movement]] = {
    "rain": (
        Words(r"rain\w*|drizzle", r"비(?=가|를|는|도|와|,|\s|$)|빗"),
        _movement("the rain", "falls evenly in fine streaks", "particles", "down", 0.5, "everywhere"),
    ),
    "snow": (
        Words(r"snow\w*", r"눈(?=이|을|발|보라|송이|,|\s|$)|함박눈"),
        _movement("the snow", "falls softly and evenly", "particles", "down", 0.45, "everywhere"),
    ),
    "petals": (
        Words(r"petals?|blossoms?|cherry", r"꽃잎|벚꽃"),
        _movement("loose petals", "drift down on the breeze", "particles", "down", 0.45, "everywhere"),
    ),
    "leaves": (
        Words(r"(?:falling|autumn) leaves", r"낙엽|단풍"),
        _movement("loose leaves", "drift down on the breeze", "particles", "down", 0.45, "everywhere"),
    ),
    "embers": (
        Words(r"embers?|sparks?|fire|flames?|bonfire", r"불꽃|불씨|모닥불|불길"),
        _movement("glowing embers", "rise slowly", "particles", "up", 0.45, "everywhere"),
    ),
    "fireflies": (
        Words(r"firefl\w+", r"반딧불\w*"),
        _movement("fireflies", "hover and glow softly", "particles", "in place", 0.4, "everywhere"),
    ),
    "stars": (
        Words(r"stars?|starry|twinkl\w+|galaxy|milky way", r"별(?=이|빛|들|,|\s|$)|은하수"),
        _movement("the stars", "glimmer softly", "particles", "in place", 0.4, "sky"),
    ),
    "dust": (
        Words(r"dust|motes?|sparkl\w+|glitter\w*|particles?", r"먼지|반짝\w*|입자"),
        _movement("specks of dust", "drift through the light", "particles", "up", 0.35, "everywhere"),
    ),
    "mist": (
        Words(r"mist\w*|fog\w*|haz[ey]", r"안개\w*"),
        _movement("the mist", "drifts slowly along", "drift", "right", 0.4, "everywhere"),
    ),
    "clouds": (
        Words(r"clouds?|cloudy|sky", r"구름|하늘"),
        _movement("the clouds", "drift slowly across", "drift", "right", 0.4, "sky"),
    ),
    "smoke": (
        Words(r"smok\w+|steam", r"연기|김이"),
        _movement("the smoke", "curls slowly upward", "drift", "up", 0.4, "everywhere"),
    ),
    "wind": (
        Words(r"wind|windy|breez\w+|sway\w*|hair", r"바람|흔들\w*|머리카락|살랑\w*"),
        _movement("loose hair, cloth and leaves", "sway gently in the breeze", "sway", "in place", 0.45, "subject"),
    ),
    "water": (
        Words(r"water\w*|sea|ocean|waves?|river|lake|ripples?", r"물결|파도|바다|강물|호수|물(?=이|을|,|\s|$)"),
        _movement("the water", "ripples and flows quietly", "flow", "right", 0.45, "water"),
    ),
    "light": (
        Words(r"light|lights|glow\w*|neon|shimmer\w*|sun\w*", r"빛(?=이|을|나|,|\s|$)|네온|햇살|햇빛|조명"),
        _movement("the light", "breathes softly", "light", "in place", 0.4, "everywhere"),
    ),
}
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
