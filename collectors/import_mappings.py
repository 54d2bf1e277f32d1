"""How the files that places, or those who gather from them, hand out are imported: their columns and what these mean.

These are the places that can only be imported. What a mapping does not name is found by its name, as in any file
(`file_rows.py`). Headings were taken from the places' own exports where their help pages show them and from what
licensed suppliers deliver; none was tried against a file that we downloaded ourselves, so `--map` can correct each.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from collectors.column_names import bare, known_field

#: So many headings of its own make a place likely.
_LIKELY = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportMapping:
    """One place's files."""

    #: Shown for where it was said.
    site: str
    #: What kind of file this is and where its owner gets it.
    expects: str
    #: Each field with its columns, the first that is there wins; a dot leads into a JSON object.
    fields: Mapping[str, Sequence[str]]
    #: Addresses to make of a row's columns where it has none; the first that can be filled wins.
    addresses: Sequence[str] = ()
    #: What the most of a rating may be; the least that holds all ratings of the file is the one.
    scales: Sequence[float] = (5,)
    #: IANA zone of times without an offset.
    zone: str = ""
    #: Texts are HTML.
    markup: bool = False
    #: Texts beyond ASCII came out as the single bytes of their UTF-8.
    bytes_as_letters: bool = False
    #: Other columns by which the files are known.
    known_by: Sequence[str] = field(default=())


DCARD = ImportMapping(
    site="Dcard",
    expects="Posts or comments as JSON (API v2), or a supplier's table with the same or Chinese headings",
    fields={
        "id": ("id", "文章ID", "留言ID"),
        "title": ("title", "文章標題"),
        "text": ("content", "excerpt", "文章內文", "留言內容"),
        "published_at": ("createdAt", "發文時間", "留言時間"),
        "edited_at": ("updatedAt",),
        "author_name": ("school", "學校", "卡稱"),
        "root": ("postId", "所屬文章ID"),
        "parent": ("postId", "所屬文章ID"),
        "likes": ("likeCount", "愛心數", "心情數"),
        "replies": ("commentCount", "留言數", "回應數"),
        "url": ("url", "文章連結"),
    },
    addresses=("https://www.dcard.tw/f/{forumAlias}/p/{id}",),
    zone="Asia/Taipei",
    known_by=("forumName", "forumAlias", "floor", "看板", "anonymousSchool", "withNickname"),
)

XIAOHONGSHU = ImportMapping(
    site="小红书",
    expects="Notes or comments as a supplier's or 千瓜/新红's table or JSON, headings in English or Chinese",
    fields={
        "id": ("comment_id", "note_id", "评论ID", "笔记ID"),
        "title": ("title", "笔记标题"),
        "text": ("content", "desc", "评论内容", "笔记内容", "笔记正文"),
        "published_at": ("create_time", "time", "评论时间", "笔记发布时间"),
        "edited_at": ("last_update_time",),
        "author_id": ("user_id", "博主ID", "小红书号"),
        "author_name": ("nickname", "博主昵称", "达人昵称", "评论用户"),
        "parent": ("parent_comment_id", "父评论ID"),
        "likes": ("liked_count", "like_count", "点赞数", "笔记点赞数"),
        "replies": ("comment_count", "sub_comment_count", "评论数"),
        "shares": ("share_count", "分享数"),
        "url": ("note_url", "笔记链接"),
    },
    addresses=("https://www.xiaohongshu.com/explore/{note_id}", "https://www.xiaohongshu.com/explore/{笔记ID}"),
    zone="Asia/Shanghai",
    known_by=("collected_count", "收藏数", "笔记类型", "tag_list", "note_type"),
)

DOUYIN = ImportMapping(
    site="抖音",
    expects="Videos or comments as a supplier's or 巨量/飞瓜's table or JSON, headings in English or Chinese",
    fields={
        "id": ("comment_id", "cid", "aweme_id", "评论ID", "视频ID", "作品ID"),
        "title": ("title", "视频标题", "作品标题"),
        "text": ("content", "text", "desc", "评论内容", "视频描述", "作品描述"),
        "published_at": ("create_time", "评论时间", "视频发布时间", "作品发布时间"),
        "author_id": ("sec_uid", "user.uid", "user_id", "抖音号"),
        "author_name": ("nickname", "user.nickname", "达人昵称", "评论用户"),
        "root": ("所属视频ID", "所属作品ID"),
        "parent": ("reply_id", "parent_comment_id", "父评论ID"),
        "likes": ("digg_count", "liked_count", "like_count", "点赞数"),
        "replies": ("reply_comment_total", "comment_count", "sub_comment_count", "评论数"),
        "shares": ("share_count", "转发数"),
        "views": ("play_count", "播放数"),
        "url": ("aweme_url", "share_url", "视频链接", "作品链接"),
    },
    addresses=("https://www.douyin.com/video/{aweme_id}", "https://www.douyin.com/video/{视频ID}"),
    zone="Asia/Shanghai",
    known_by=("aweme_type", "short_user_id", "作品类型"),
)

BILIBILI = ImportMapping(
    site="哔哩哔哩",
    expects="Comments as JSON (x/v2/reply), or a supplier's table of comments or videos, in English or Chinese",
    fields={
        "id": ("rpid", "comment_id", "bvid", "video_id", "评论ID", "BV号"),
        "title": ("title", "视频标题"),
        "text": ("content.message", "content", "desc", "评论内容", "视频简介"),
        "published_at": ("ctime", "create_time", "pubdate", "评论时间", "投稿时间"),
        "author_id": ("member.mid", "mid", "user_id", "UID"),
        "author_name": ("member.uname", "uname", "nickname", "UP主", "评论用户"),
        "root": ("root", "oid", "所属BV号"),
        "parent": ("parent", "parent_comment_id", "父评论ID"),
        "likes": ("like", "like_count", "liked_count", "点赞数"),
        "replies": ("rcount", "sub_comment_count", "video_comment", "评论数"),
        "views": ("video_play_count", "播放量"),
        "url": ("video_url", "视频链接"),
    },
    addresses=(
        "https://www.bilibili.com/video/av{oid}?comment_root_id={rpid}",
        "https://www.bilibili.com/video/{bvid}",
        "https://www.bilibili.com/video/{BV号}",
        "https://www.bilibili.com/video/{所属BV号}",
    ),
    zone="Asia/Shanghai",
    known_by=("弹幕数", "video_danmaku", "投币数", "reply_control.location"),
)

DIANPING = ImportMapping(
    site="大众点评",
    expects="Reviews from 开店宝's export or a supplier's table; stars of 5 or, as the site counts them, of 50",
    fields={
        "id": ("reviewId", "点评ID", "评价ID"),
        "title": ("shopName", "商户名", "商户名称", "门店名称"),
        "text": ("reviewBody", "点评内容", "评价内容"),
        "published_at": ("addTime", "点评时间", "评价时间"),
        "edited_at": ("lastTime",),
        "author_id": ("userId",),
        "author_name": ("userNickName", "用户昵称", "点评用户"),
        "rating": ("star", "总体评分", "星级", "评分"),
        "likes": ("flowerTotal", "赞数"),
        "replies": ("followNoteNo", "回应数"),
        "answer": ("merchantReply", "商家回复"),
        "answered_at": ("merchantReplyTime", "商家回复时间"),
        "url": ("点评链接",),
    },
    addresses=("https://www.dianping.com/review/{reviewId}",),
    scales=(5, 50),
    zone="Asia/Shanghai",
    known_by=("shopId", "口味", "人均", "人均消费", "avgPrice"),
)

ZHIHU = ImportMapping(
    site="知乎",
    expects="Answers or comments as JSON (api/v4), or a supplier's table with English or Chinese headings",
    fields={
        "id": ("id", "content_id", "comment_id", "回答ID"),
        "title": ("question.title", "title", "问题标题"),
        "text": ("content", "content_text", "excerpt", "回答内容"),
        "published_at": ("created_time", "publish_time", "回答时间"),
        "edited_at": ("updated_time", "编辑时间"),
        "author_id": ("author.url_token", "author.id", "user_url_token"),
        "author_name": ("author.name", "user_nickname", "回答者"),
        "root": ("question.id", "question_id", "问题ID"),
        "parent": ("parent_comment_id",),
        "likes": ("voteup_count", "vote_count", "赞同数"),
        "replies": ("comment_count", "评论数"),
        "url": ("content_url", "回答链接"),
    },
    addresses=(
        "https://www.zhihu.com/question/{question.id}/answer/{id}",
        "https://www.zhihu.com/question/{问题ID}/answer/{回答ID}",
    ),
    zone="Asia/Shanghai",
    markup=True,
    known_by=("thanks_count", "感谢数", "user_headline"),
)

WONGNAI = ImportMapping(
    site="Wongnai",
    expects="Reviews as the owner's export (RMS) or a supplier's table or JSON, headings in Thai or English",
    fields={
        "id": ("review_id", "รหัสรีวิว"),
        "title": ("summary", "หัวข้อรีวิว"),
        "text": ("review_body", "description", "เนื้อหารีวิว", "ข้อความรีวิว"),
        "published_at": ("reviewed_time", "reviewedTime.iso", "วันที่รีวิว"),
        "author_id": ("reviewerProfile.id",),
        "author_name": ("reviewerProfile.name", "reviewer_name", "ชื่อผู้รีวิว"),
        "rating": ("star_rating", "คะแนนรีวิว", "คะแนนรวม"),
        "likes": ("numberOfHelpfulVotes", "helpful_count", "จำนวนถูกใจ"),
        "replies": ("numberOfComments", "จำนวนความคิดเห็น"),
        "answer": ("owner_reply", "การตอบกลับจากร้าน"),
        "answered_at": ("owner_reply_time", "วันที่ตอบกลับ"),
        "url": ("reviewUrl", "review_url", "ลิงก์รีวิว"),
    },
    zone="Asia/Bangkok",
    known_by=("wongnai_id", "reviewedItem.name", "ชื่อร้าน", "สาขา"),
)

SHOPEE = ImportMapping(
    site="Shopee",
    expects="Ratings from the Seller Centre (Chinese, Thai or English headings), or JSON of product/get_comment",
    fields={
        "id": ("comment_id", "cmtid", "Rating ID", "評價編號", "หมายเลขรีวิว"),
        "text": ("comment", "Buyer Comment", "買家評論", "評價內容", "ความคิดเห็นของผู้ซื้อ"),
        "published_at": ("create_time", "ctime", "Rating Time", "評價時間", "เวลาที่ให้คะแนน"),
        "author_name": ("buyer_username", "author_username", "Username (Buyer)", "買家帳號", "ชื่อผู้ใช้ (ผู้ซื้อ)"),
        "rating": ("rating_star", "Rating Star", "評價星等", "คะแนนสินค้า"),
        "likes": ("like_count",),
        "answer": ("comment_reply.reply", "ItemRatingReply.comment", "Seller Reply", "賣家回覆", "การตอบกลับของผู้ขาย"),
        "answered_at": ("comment_reply.create_time", "ItemRatingReply.ctime", "Reply Time", "回覆時間", "เวลาที่ตอบกลับ"),
        "root": ("item_id", "itemid", "Product ID", "商品ID", "รหัสสินค้า"),
    },
    addresses=("https://shopee.tw/product/{shopid}/{itemid}",),
    known_by=("order_sn", "model_id", "Order ID", "訂單編號", "規格名稱", "หมายเลขคำสั่งซื้อ", "ชื่อตัวเลือกสินค้า"),
)

LAZADA = ImportMapping(
    site="Lazada",
    expects="Reviews from the Seller Center (English, Thai or Chinese headings), or JSON of review/seller/list",
    fields={
        "id": ("review_id", "Review ID", "id", "รหัสรีวิว"),
        "text": ("review_content", "Review Content", "เนื้อหารีวิว", "评论内容"),
        "published_at": ("submit_time", "create_time", "Review Date", "วันที่รีวิว", "评论时间"),
        "author_name": ("buyer_name", "Customer Name", "Buyer Name", "ชื่อลูกค้า", "买家姓名"),
        "rating": ("ratings.product_rating", "product_rating", "Product Rating", "คะแนนสินค้า", "商品评分"),
        "likes": ("like_count",),
        "answer": ("seller_reply", "Seller Reply", "การตอบกลับของผู้ขาย", "卖家回复"),
        "answered_at": ("reply_time", "Reply Time", "วันที่ตอบกลับ", "回复时间"),
        "root": ("product_id", "item_id", "Item ID", "รหัสสินค้า", "商品ID"),
    },
    known_by=("Seller SKU", "seller_sku", "order_number", "Order Number", "หมายเลขคำสั่งซื้อ Lazada", "review_type"),
)

FACEBOOK = ImportMapping(
    site="Facebook",
    expects="Comments as Graph API JSON, posts from Meta Business Suite (CSV), or JSON of «download your information»",
    fields={
        "id": ("id", "Post ID", "Comment ID"),
        "title": ("Title",),
        "text": ("message", "Description", "data.0.comment.comment", "Comment text"),
        "published_at": ("created_time", "Publish time", "timestamp", "Comment time"),
        "author_id": ("from.id",),
        "author_name": ("from.name", "data.0.comment.author", "Commenter name", "Page name"),
        "parent": ("parent.id",),
        "likes": ("like_count", "Reactions"),
        "replies": ("comment_count", "Comments"),
        "shares": ("shares.count", "Shares"),
        "views": ("Views", "Impressions"),
        "url": ("permalink_url", "Permalink"),
    },
    bytes_as_letters=True,
    known_by=("Page ID", "Post type", "Is crosspost", "Is share"),
)

#: In UTF-16: the history that the API does not give.
#: https://support.google.com/googleplay/android-developer/answer/6135870
GOOGLE_PLAY = ImportMapping(
    site="Google Play",
    expects="Monthly reviews_*.csv from the Play Console's bucket",
    fields={
        "published_at": ("Review Submit Date and Time",),
        "edited_at": ("Review Last Update Date and Time",),
        "language": ("Reviewer Language",),
        "rating": ("Star Rating",),
        "title": ("Review Title",),
        "text": ("Review Text",),
        "url": ("Review Link",),
        "answer": ("Developer Reply Text",),
        "answered_at": ("Developer Reply Date and Time",),
    },
    known_by=("Package Name", "App Version Code", "Review Submit Millis Since Epoch", "Device"),
)

MAPPINGS: Mapping[str, ImportMapping] = {
    "dcard": DCARD,
    "xiaohongshu": XIAOHONGSHU,
    "douyin": DOUYIN,
    "bilibili": BILIBILI,
    "dianping": DIANPING,
    "zhihu": ZHIHU,
    "wongnai": WONGNAI,
    "shopee": SHOPEE,
    "lazada": LAZADA,
    "facebook": FACEBOOK,
    "google_play": GOOGLE_PLAY,
}


def likely_mapping(names: Iterable[str]) -> str | None:
    """Return the place whose own headings these are, if they are anybody's."""
    headings = {bare(name) for name in names}
    found = Counter({place: len(headings & own) for place, own in _own_headings().items()}).most_common(2)
    (best, score), (_, second) = found
    return best if score >= _LIKELY and score > second else None


def _own_headings() -> dict[str, set[str]]:
    """Return each place's headings that no other place has and no well-known field goes by."""
    all_of = {
        place: {bare(name) for names in (*mapping.fields.values(), mapping.known_by) for name in names}
        for place, mapping in MAPPINGS.items()
    }
    shared = Counter(name for names in all_of.values() for name in names)
    return {
        place: {name for name in names if shared[name] == 1 and not known_field(name)}
        for place, names in all_of.items()
    }
