"""Words that every text has and that say nothing of this one, and those that every text about music has. A lemma each,
as `pile.py` counts them."""

from __future__ import annotations

_ENGLISH = """
a about above across actually after again all almost along already also although always am an and another any anyone
anything anyway are around as at away back be became because become been before being between both bought but by
came can cannot come could definitely did do does doing done down during each either else enough especially even
ever every everyone everything exactly few first for from further gave get gets getting give go goes going gone good
got great had has have having he her here hers herself him himself his how however i if in instead into is it its
itself just keep kind know last least less let like little look lot lots made make makes many may maybe me might
mine more most much must my myself need never new next no nobody none nor not nothing now of off often oh ok okay on
once one only onto or other others our ours ourselves out over own per perhaps please pretty probably put quite
rather really review said same say says see seem seems seen several shall she should since so some someone something
sometimes somewhere soon still stuff such sure take takes than thank thanks that the their theirs them themselves
then there these they thing things think this those though thought through thus to today together told too took
totally toward try two under until up upon us use used very want wants was way we well went were what whatever when
where whether which while who whole whom whose why will with within without would yeah yes yet you your yours
yourself yourselves best album listen listening listened music recommend song track ain't aren't can't couldn't
didn't doesn't don't hadn't hasn't haven't he'd he'll he's here's i'd i'll i'm i've isn't it'd it'll it's let's
mustn't she'd she'll she's shouldn't that's there's they'd they'll they're they've wasn't we'd we'll we're we've
weren't what's where's who's won't wouldn't you'd you'll you're you've
"""
_KOREAN = """
것 거 수 때 때문 정도 생각 경우 부분 이번 다음 처음 마지막 이후 이전 전 후 중 속 안 밖 위 아래 앞 뒤 옆 곳 데 점
쪽 측 편 지금 오늘 어제 내일 요즘 최근 항상 매번 다시 진짜 정말 완전 사실 그냥 하나 둘 가지 개 번 분 명 년 월 일
시 등 만큼 대로 뿐 이것 저것 그것 여기 저기 거기 무엇 누구 어디 언제 얘기 이야기 말씀 후기 리뷰 내용 느낌 추천
최고 별로 나름 자체 제일 모두 전부 하다 되다 있다 없다 같다 이다 아니다 보다 주다 받다 나오다 들다 알다 오다
가다 나다 내다 이렇다 그렇다 저렇다 어떻다 싶다 말다 좋다 많다 크다 대하다 위하다 통하다 따르다 의하다 관하다
만들다 시키다 드리다 계시다 쓰다 갖다 가지다 놓다 두다 버리다 보이다 노래 음악 앨범 곡 가사 듣다 들리다 들려주다
생각나다 추천하다 어떠하다 그러하다 이러하다 못하다
"""
ENGLISH = frozenset(_ENGLISH.split())
KOREAN = frozenset(_KOREAN.split())
