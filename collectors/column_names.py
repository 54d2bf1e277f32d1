"""The names by which the columns of a file are known, whoever made it."""

import re
import unicodedata

#: Each field with the names its column goes by, in the four languages; compared without case, spaces and signs.
NAMES = {
    "text": "text content body comment comments review reviewtext reviewbody message post description feedback "
    "opinion 內容 内容 評論 评论 留言 內文 正文 評價 评价 評語 评语 意見 意见 評論內容 评论内容 貼文 "
    "帖子 文章 心得 ข้อความ รีวิว ความคิดเห็น เนื้อหา ความเห็น คอมเมนต์ คำติชม",
    "title": "title subject headline heading reviewtitle 標題 标题 主旨 主題 主题 หัวข้อ ชื่อเรื่อง",
    "author_name": "author authorname user username name reviewer reviewername nickname 作者 用戶 用户 使用者 暱稱 "
    "昵称 姓名 帳號 留言者 評論者 评论者 用户名 ผู้เขียน ชื่อ ผู้ใช้ ชื่อผู้ใช้ ผู้รีวิว",
    "author_id": "authorid userid 作者id 用戶id 用户id",
    "author_url": "authorurl userurl profile profileurl",
    "published_at": "publishedat published date datetime time timestamp created createdat posted postedat reviewdate "
    "日期 時間 时间 發表時間 发表时间 發布時間 发布时间 評論時間 评论时间 評論日期 评论日期 建立時間 "
    "创建时间 วันที่ เวลา วันเวลา วันที่โพสต์",
    "edited_at": "editedat updated updatedat modified modifiedat 更新時間 更新时间 修改時間 修改时间 แก้ไขเมื่อ",
    "rating": "rating stars star starrating score 評分 评分 星等 星級 星级 分數 分数 打分 คะแนน ดาว เรตติ้ง",
    "url": "url link permalink href address reviewlink 網址 网址 連結 链接 鏈接 ลิงก์ ลิงค์",
    "id": "id guid postid reviewid commentid mentionid 編號 编号 評論id 评论id รหัส",
    "site": "site source platform channel website store 來源 来源 平台 網站 网站 ช่องทาง แพลตฟอร์ม แหล่งที่มา "
    "เว็บไซต์",
    "language": "language lang locale reviewerlanguage 語言 语言 ภาษา",
    "parent": "parent parentid inreplyto replyto",
    "root": "root rootid thread threadid",
    "likes": "likes likecount likescount upvotes helpful 讚 按讚數 讚數 點讚數 赞 点赞数 赞数 ถูกใจ จำนวนถูกใจ",
    "replies": "replies replycount commentcount commentscount 回覆數 留言數 評論數 回复数 评论数 จำนวนความคิดเห็น",
    "shares": "shares sharecount 分享數 轉發數 分享数 转发数 แชร์",
    "views": "views viewcount 觀看數 瀏覽數 播放量 浏览量 ยอดดู ยอดวิว",
    "answer": "ownerreply sellerreply ownerresponse 商家回覆 店家回覆 官方回覆 賣家回覆 商家回复 "
    "卖家回复 การตอบกลับของร้าน",
    "answered_at": "replydate repliedat replytime 回覆時間 回复时间 เวลาที่ตอบกลับ",
}  # fmt: skip
_IGNORED = re.compile(r"[\s_\-./()（）:：]+")


def bare(name: str) -> str:
    """Return a heading as it is compared: without case, width, spaces and signs."""
    return _IGNORED.sub("", unicodedata.normalize("NFKC", name).strip().lower())


_FIELD_OF_NAME = {bare(name): field for field, names in NAMES.items() for name in names.split()}


def known_field(name: str) -> str | None:
    """Return the field that a column of this name holds, or None."""
    return _FIELD_OF_NAME.get(bare(name))
