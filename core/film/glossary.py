"""Words that a film is made of, English and Korean: emotions, and what can be shown. Read by `rules.py`.

English patterns match whole words, Korean ones from the start of a word, whose endings vary.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

from ..prompt.form.answers import Mood

Emotion = Literal["joy", "love", "hope", "calm", "wonder", "longing", "sadness", "loneliness", "fear", "anger"]
EMOTIONS: tuple[Emotion, ...] = get_args(Emotion)
MOOD_OF: dict[Emotion, Mood] = {
    "joy": "playful",
    "love": "warm",
    "hope": "majestic",
    "calm": "calm",
    "wonder": "dreamy",
    "longing": "melancholic",
    "sadness": "melancholic",
    "loneliness": "melancholic",
    "fear": "dark",
    "anger": "energetic",
}
FELT: dict[Emotion, tuple[str, str]] = {
    "joy": (
        r"joy\w*|happ(?:y|ily|iness)|laugh\w*|smil\w+|danc\w+|party|celebrat\w+|delight\w*|fun|sing(?:ing)?",
        r"기쁨|기쁘|기뻐|기뻤|행복|웃|즐거|즐겁|신나|춤추|춤을|노래",
    ),
    "love": (
        r"love\w*|loving|kiss\w*|darling|sweetheart|embrac\w+|tender\w*|hug\w*|hold (?:me|you)",
        r"사랑|입맞|키스|안아|품에|다정|그대",
    ),
    "hope": (r"hope\w*|dawn|sunrise|rise|again|begin\w*|tomorrow|wings?", r"희망|새벽|내일|다시|시작|날개|꿈꾸|일어"),
    "calm": (r"calm\w*|quiet\w*|peace\w*|still|gentl\w+|soft\w*|silen\w+|rest", r"고요|조용|평화|평온|잔잔|차분|부드"),
    "wonder": (
        r"wonder\w*|magic\w*|strange\w*|float\w*|fl(?:y|ew|ying)|glow\w*|impossibl\w*|suddenly",
        r"신기|신비|마법|이상한|이상하|떠다|날았|날아|빛나|갑자기|거대",
    ),
    "longing": (
        r"miss(?:ed|ing)?|remember\w*|memor\w+|yearn\w*|long(?:ing)? for|far away|return|wait(?:ed|ing)?",
        r"그리|보고 ?싶|추억|기억|기다|돌아|멀리",
    ),
    "sadness": (
        r"sad\w*|cr(?:y|ied|ies|ying)|tears?|weep\w*|sorrow\w*|griev\w+|goodbye|lost|broken|wept",
        r"슬프|슬픔|슬픈|슬펐|눈물|울었|울고|울며|이별|안녕|잃|떠나|떠났",
    ),
    "loneliness": (
        r"lonel\w+|alone|empty|nobody|no one|abandon\w+",
        r"외로|외롭|쓸쓸|혼자|홀로|텅 ?빈|아무도",
    ),
    "fear": (
        r"afraid|fear\w*|scar(?:ed|y)|terr(?:or|ified|ifying)|nightmare\w*|chas\w+|monster\w*|scream\w*|dark\w*|panic\w*",
        r"무서|무섭|두려|두렵|공포|악몽|쫓|괴물|비명|어둠|어두",
    ),
    "anger": (
        r"ang(?:ry|er)|rag(?:e|ing)|hat(?:e|ed|red)|furious\w*|fight\w*|shout\w*|burn\w*|yell\w*",
        r"화가|화났|분노|미워|미웠|싸우|싸웠|소리쳤|소리치|증오|불타",
    ),
}


class Thing(NamedTuple):
    """shown: what it is called in a prompt; then the words for it in a text."""

    shown: str
    english: str
    korean: str


def _things(table: str) -> tuple[Thing, ...]:
    return tuple(Thing(*(part.strip() for part in line.split(";"))) for line in table.strip().splitlines())


PLACES = _things(r"""
    the sea; sea|ocean|waves?; 바다|파도|대양
    a beach; beach|shore|sand; 해변|모래|바닷가
    a river; rivers?|stream|creek; 강가|강물|강을|강이|개울|시냇
    a lake; lake|pond; 호수|연못
    a forest; forests?|woods?|trees?; 숲|나무
    a mountain; mountains?|hills?|cliff; 산을|산이|산에|산속|언덕|절벽
    a field; fields?|meadow|grass; 들판|초원|풀밭
    a garden; garden; 정원|꽃밭
    a city; city|cities|town|downtown; 도시|시내|서울
    a street; streets?|road|alley|highway; 거리|골목|도로|길을|길이|길에
    a house; house|home|kitchen; 집에|집이|집을|집으로|부엌
    a room; room|bedroom|hallway; 방에|방이|방을|방안|복도
    a school; school|classroom; 학교|교실
    a station; station|platform|subway; 역에|역에서|지하철|정거장
    a bridge; bridge; 다리 위|다리를 건
    a desert; desert|dunes?; 사막
    the sky; sk(?:y|ies)|heaven; 하늘
    space; outer space|galaxy|universe; 우주|은하
    under water; underwater|under the water; 물속|물 속|바닷속
    an island; island; 섬에|섬이|섬을
""")
THINGS = _things(r"""
    rain; rain\w*|storm; 비가|비를|빗|소나기|폭풍|비 오
    snow; snow\w*; 눈이 내|눈송이|눈길|함박눈|첫눈
    the moon; moon\w*; 달이|달빛|달을|보름달|달 아래
    stars; stars?|starlight|starry; 별이|별빛|별을|별들|별 아래
    the sun; sun|sunlight|sunshine|sunset; 해가|햇|태양|노을|석양
    clouds; clouds?; 구름
    fire; fires?|flames?|candles?; 불이(?! ?(?:켜|꺼|들어))|불꽃|촛불|모닥불
    a whale; whales?; 고래
    a bird; birds?|seagulls?|crows?; 새가|새들|새를|갈매기|까마귀
    a cat; cats?|kittens?; 고양이
    a dog; dogs?|pupp(?:y|ies); 강아지|개가|개를
    a horse; horses?; 말을 타|말이 달
    a wolf; wol(?:f|ves); 늑대
    a fish; fish\w*; 물고기
    butterflies; butterfl(?:y|ies); 나비
    flowers; flowers?|roses?|petals?|blossoms?; 꽃|장미|벚꽃
    leaves; lea(?:f|ves); 낙엽|나뭇잎|잎이
    a train; trains?; 기차|열차
    a car; cars?|taxi; 자동차|택시|차를|차가
    a boat; boats?|ships?|sail\w*; 배를|배가|돛
    a bicycle; bicycles?|bike; 자전거
    a window; windows?; 창문|창가|창밖|창에
    a door; doors?|gate; 문을|문이|대문
    stairs; stairs?|staircase; 계단
    a mirror; mirrors?; 거울
    a clock; clocks?; 시계
    a letter; letters?; 편지
    a piano; pianos?; 피아노
    a guitar; guitars?; 기타를|기타 소리
    a lamp; lamps?|lights?|neon; 등불|불[이을] ?켜|가로등|불빛|조명|네온
    a child; child|children|kids?; 아이가|아이를|아이들|어린아이
    an old woman; grandmother|grandma; 할머니
    an old man; grandfather|grandpa; 할아버지
    mother; mother|mom|mum; 어머니|엄마
    father; father|dad; 아버지|아빠
    a friend; friends?; 친구
    hands; hands?|fingers?; 손을|손이|손끝|손잡
    eyes; eyes?; 눈을 감|눈동자|눈빛
    shadows; shadows?; 그림자
    mist; mist|fog|haze; 안개
    smoke; smoke; 연기
    a monster; monsters?|dragons?|ghosts?; 괴물|용이|유령
    an umbrella; umbrellas?; 우산
    balloons; balloons?; 풍선
    night; nights?|midnight; 밤이|밤에|밤을|한밤|밤하늘
    morning; mornings?|dawn; 아침|새벽
""")
ACTIONS = _things(r"""
    walking; walk\w*; 걷|걸어|걸었|걸으
    running; r(?:un|uns|unning|an)|chas\w+; 달리|달렸|달려|뛰|쫓
    flying; fl(?:y|ies|ying|ew)|soar\w*; 날아|날았|날고|날개
    falling; fall\w*|fell; 떨어|추락|쏟아
    swimming; sw(?:im|ims|imming|am); 헤엄|수영
    dancing; danc\w+; 춤
    singing; s(?:ing|ings|inging|ang); 노래
    waiting; wait\w*; 기다
    looking; look\w*|star(?:e|ed|ing)|watch\w*|gaz\w+; 바라|쳐다|지켜|보았|봤
    crying; cr(?:y|ied|ies|ying)|weep\w*|wept; 울었|울고|울며|눈물
    smiling; smil\w+|laugh\w*; 웃
    sleeping; sle(?:ep|eps|eping|pt)|dream\w*; 자고|잠들|잠이|꿈을 꾸
    opening; open\w*; 열고|열었|열리|열려
    climbing; climb\w*; 오르|올라
    floating; float\w*|drift\w*; 떠다|떠올|떠 있
    burning; burn\w*; 불타|타오
    holding; h(?:old|olds|olding|eld)|hug\w*|embrac\w+; 안고|안아|안았|잡고|잡았
    driving; dr(?:ive|ives|iving|ove); 운전|몰고
    leaving; leav(?:e|es|ing)|left|goodbye; 떠나|떠났
    returning; return\w*|c(?:ome|ame) back; 돌아오|돌아왔|돌아가
    shining; shin\w+|glow\w*|shone; 빛나|반짝
""")
