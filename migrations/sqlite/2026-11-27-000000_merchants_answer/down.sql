DROP INDEX visit_by_merchant;
DROP TABLE merchant_without_optional;
DROP TABLE visit_answer;
DROP TABLE link_key;
